//! Reading and writing a register.
use anyhow::Result;
use serde_json::{Value, json};

use super::{
    Answer, Bug, Quorum, fail, info,
    protocol::{PeerRequest, Tag, Update, Versioned},
};

impl Quorum {
    /// A read. An error is a definite failure: a read changes nothing that anybody could see.
    pub(super) async fn read(&self, key: u32) -> Result<Value> {
        if self.bug == Some(Bug::ReadOne) {
            return Ok(self.replica.register(key).value);
        }
        let versions = self.versions(key).await?;
        let newest = versions.iter().max_by_key(|v| v.tag).cloned().unwrap_or_default();
        let is_unanimous = versions.iter().all(|v| v.tag == newest.tag);
        if !is_unanimous && self.bug != Some(Bug::NoWriteBack) {
            self.store(Update::Register { key, versioned: newest.clone() }).await?;
        }
        Ok(newest.value)
    }

    pub(super) async fn write(&self, key: u32, value: Value) -> Answer {
        let versions = match self.versions(key).await {
            Ok(versions) => versions,
            Err(why) => return fail(why), // Nobody but this call knows the value.
        };
        let seen = versions.iter().map(|v| v.tag).max().unwrap_or_else(Tag::default);
        match self.propose(key, seen, value).await {
            Ok(tag) => Answer::Ok(json!([tag.counter, tag.node])),
            Err(why) => info(why),
        }
    }

    /// Stores a value under a tag of its own, above the one that was seen.
    async fn propose(&self, key: u32, seen: Tag, value: Value) -> Result<Tag> {
        let versioned = self.replica.write(key, seen, value)?;
        let tag = versioned.tag;
        self.majority::<()>(&PeerRequest::Store(Update::Register { key, versioned })).await?;
        Ok(tag)
    }

    /// What a majority has, this node included.
    async fn versions(&self, key: u32) -> Result<Vec<Versioned>> {
        let own = self.replica.register(key);
        let mut versions = self.majority(&PeerRequest::Register { key }).await?;
        versions.push(own);
        Ok(versions)
    }

    /// Stores at a majority, at this node first.
    pub(super) async fn store(&self, update: Update) -> Result<()> {
        self.replica.store(update.clone())?;
        self.majority::<()>(&PeerRequest::Store(update)).await?;
        Ok(())
    }
}
