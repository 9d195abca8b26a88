//! The one thread that writes SQLite's hot path, with a native connection of its own.
//!
//! Jobs come over a channel and are answered after the commit that holds them. What waits when a turn begins is committed
//! together: one synchronisation of the disk for an accepted batch, a recorded batch and a claim. If one of them fails, all are
//! undone and the others done again: that is rare, and a savepoint for each would copy every page that it touches. An error never
//! ends the thread.

use std::sync::{Arc, mpsc as std_mpsc};

use rusqlite::Connection;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::failure::from_rusqlite;
use super::keys::Keys;
use crate::store::StoreError;

/// Jobs in one transaction at most, so that the control plane's turn comes soon.
const MAX_GROUP: usize = 16;

/// Jobs that wait at most; further callers wait for a place.
const MAX_QUEUED: usize = 64;

/// What the thread works with.
pub(super) struct Session {
    /// Its connection.
    pub(super) connection: Connection,
    /// The index of event keys.
    pub(super) keys: Keys,
}

/// A channel to the thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: std::sync::Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Writer {
    /// Starts the thread. It takes its turn at `gate` for every transaction, and tells `written` how many rows it changed.
    pub(super) fn start(
        connection: Connection,
        gate: Arc<Mutex<()>>,
        written: std_mpsc::SyncSender<u64>,
    ) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(MAX_QUEUED);
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new().name("sqlite-writer".into()).spawn(move || {
            let mut session = Session { connection, keys: Keys::new() };
            write(&mut session, &gate, queue, &written);
            drop(session);
            // Nobody may be waiting for the end any more.
            let _ = end.send(());
        })?;
        Ok(Self { jobs: std::sync::Mutex::new(Some(jobs)), ended: Mutex::new(Some(ended)) })
    }

    /// Runs `work` within a transaction and answers when it is committed. If the caller goes away meanwhile the work is done all
    /// the same.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut Session) -> Result<T, rusqlite::Error> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let task = Task { work, result: None, answer };
        jobs.ok_or_else(closed)?.send(Box::new(task)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Lets the thread finish what waits and end; its connection is closed then.
    pub(super) async fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
        if let Some(ended) = self.ended.lock().await.take() {
            let _ = ended.await;
        }
    }
}

fn closed() -> StoreError {
    StoreError::unavailable("the database is closed")
}

/// Something to be done within a transaction.
trait Job: Send {
    /// Does it, perhaps not for the first time. Says whether it may stay.
    fn run(&mut self, session: &mut Session) -> bool;

    /// Whether it was tried and failed.
    fn has_failed(&self) -> bool;

    /// Answers whoever asked for it, when it is known what became of the transaction.
    fn finish(self: Box<Self>, committed: &Result<(), Arc<rusqlite::Error>>);
}

struct Task<T, W> {
    work: W,
    result: Option<Result<T, rusqlite::Error>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: Fn(&mut Session) -> Result<T, rusqlite::Error> + Send,
{
    fn run(&mut self, session: &mut Session) -> bool {
        self.result = Some((self.work)(session));
        !self.has_failed()
    }

    fn has_failed(&self) -> bool {
        matches!(self.result, Some(Err(_)))
    }

    fn finish(self: Box<Self>, committed: &Result<(), Arc<rusqlite::Error>>) {
        let answer = match (self.result, committed) {
            (Some(Err(error)), _) => Err(from_rusqlite(Arc::new(error))),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(from_rusqlite(Arc::clone(error))),
            (None, Ok(())) => Err(closed()),
        };
        // The caller may have gone away.
        let _ = self.answer.send(answer);
    }
}

fn write(session: &mut Session, gate: &Mutex<()>, mut queue: mpsc::Receiver<Box<dyn Job>>, written: &std_mpsc::SyncSender<u64>) {
    while let Some(first) = queue.blocking_recv() {
        let turn = gate.blocking_lock();
        let mut group = vec![first];
        while group.len() < MAX_GROUP
            && let Ok(job) = queue.try_recv()
        {
            group.push(job);
        }
        let committed = commit(session, &mut group).map_err(Arc::new);
        drop(turn);
        for job in group {
            job.finish(&committed);
        }
        // A full channel means that the checkpoint has been asked for already.
        let _ = written.try_send(session.connection.total_changes());
    }
}

/// Commits a group of jobs together, without those that fail. On an error none of them has happened.
fn commit(session: &mut Session, group: &mut [Box<dyn Job>]) -> Result<(), rusqlite::Error> {
    // Each round ends, or finds one more that fails.
    loop {
        match commit_all(session, group) {
            Ok(true) => {
                session.keys.commit();
                return Ok(());
            }
            Ok(false) => undo(session),
            Err(error) => {
                undo(session);
                return Err(error);
            }
        }
    }
}

/// Runs the jobs that have not failed in one transaction, and commits it unless one of them fails now.
fn commit_all(session: &mut Session, group: &mut [Box<dyn Job>]) -> Result<bool, rusqlite::Error> {
    session.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    if !group.iter_mut().filter(|job| !job.has_failed()).all(|job| job.run(session)) {
        return Ok(false);
    }
    session.keys.write_some(&session.connection)?;
    session.connection.prepare_cached("COMMIT")?.execute([]).map(|_| true)
}

fn undo(session: &mut Session) {
    session.keys.roll_back();
    if !session.connection.is_autocommit() {
        // What can't be rolled back here is rolled back by SQLite when the file is next opened.
        let _ = session.connection.execute_batch("ROLLBACK");
    }
}
