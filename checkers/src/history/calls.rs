//! Calls: invocations with their completions, values decoded.
use serde::de::DeserializeOwned;

use super::{History, Kind, Malformed, NONE, Process, shorten};
use crate::decode::{self, decode};

/// An invocation together with its completion, values decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Call<I, O> {
    /// Row of the invocation.
    pub invoked: u32,
    /// Who invoked.
    pub process: Process,
    /// What was asked.
    pub input: I,
    /// How it ended.
    pub outcome: Outcome<O>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<O> {
    /// It happened, and answered.
    Ok {
        /// Row of the completion.
        completed: u32,
        /// The answer.
        output: O,
    },
    /// It never happened.
    Fail,
    /// It may have happened, or may yet.
    Info,
}

impl History {
    /// Every client invocation with its completion, decoded into the checker's own types: the
    /// input from `f` and `value` (an enum tagged by `f`), the output from the answer's value.
    ///
    /// # Errors
    /// [`Malformed`] with the line whose value does not fit.
    pub fn calls<I: DeserializeOwned, O: DeserializeOwned>(
        &self,
    ) -> Result<Vec<Call<I, O>>, Malformed> {
        let mut calls = Vec::with_capacity(self.len() / 2);
        self.for_each_call(|call| calls.push(call))?;
        Ok(calls)
    }

    /// As [`History::calls`], one by one, so that nobody need keep them all.
    ///
    /// # Errors
    /// [`Malformed`] with the line whose value does not fit.
    pub fn for_each_call<I: DeserializeOwned, O: DeserializeOwned>(
        &self,
        mut take: impl FnMut(Call<I, O>),
    ) -> Result<(), Malformed> {
        for row in self.row_numbers() {
            let r = &self.rows[row as usize];
            if r.process == NONE || r.kind != Kind::Invoke {
                continue;
            }
            let f = &self.names[r.f as usize];
            let input = decode(f, self.value(r).as_bytes()).map_err(|e| self.malformed(row, &e))?;
            let done = (r.pair != NONE).then(|| self.rows[r.pair as usize].kind);
            let outcome = match done {
                Some(Kind::Ok) => Outcome::Ok { completed: r.pair, output: self.answer(r.pair)? },
                Some(Kind::Fail) => Outcome::Fail,
                Some(Kind::Info | Kind::Invoke) | None => Outcome::Info,
            };
            take(Call { invoked: row, process: Process::Client(r.process), input, outcome });
        }
        Ok(())
    }

    /// What a completion answered, decoded.
    ///
    /// # Errors
    /// [`Malformed`] with its line where the value does not fit.
    pub fn answer<O: DeserializeOwned>(&self, row: u32) -> Result<O, Malformed> {
        decode::answer(self.value(&self.rows[row as usize]).as_bytes())
            .map_err(|e| self.malformed(row, &e))
    }

    /// The error of an op whose value does not fit, with its line.
    pub(crate) fn malformed(&self, row: u32, error: &serde_json::Error) -> Malformed {
        let op = self.op(row);
        // Serde's "line 1" would mislead: it read no more than the value.
        let error = error.to_string();
        let error = error.split(" at line ").next().unwrap_or(&error);
        let message = format!("`{}` with value {}: {error}", op.f, shorten(&op.value));
        if !self.has_lines {
            return Malformed { line: 0, message: format!("op {}: {message}", op.index) };
        }
        let before = &self.text[..self.rows[row as usize].line as usize];
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        Malformed { line, message }
    }
}
