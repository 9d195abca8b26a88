use super::*;

const SCHEMA: &str = include_str!("../../../../../migrations/sqlite/0001_init.sql");

/// A database, and the keys as they should be.
struct Fixture {
    connection: Connection,
    keys: Keys,
    now: i64,
}

impl Fixture {
    fn new(target: usize) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        Self { connection, keys: Keys::with_target(target), now: 0 }
    }

    /// Posts the event `name` and commits; gives the event that has its key if it is a duplicate.
    fn post(&mut self, name: u128) -> Option<Uuid> {
        let taken = self.insert(name, i64::MIN);
        self.keys.write_some(&self.connection).unwrap();
        self.keys.commit();
        taken
    }

    fn insert(&mut self, name: u128, since: i64) -> Option<Uuid> {
        self.now += 1;
        let (event_id, text) = (id(self.now.unsigned_abs().into()), name.to_string());
        let key = key_digest("default", "/s", &text);
        let mut find = self.keys.finder(&self.connection).unwrap();
        let taken = self.keys.take(&mut find, key, event_id, self.now, since).unwrap();
        if taken.is_none() {
            let insert =
                "INSERT INTO events (number, id, tenant, accepted_at, routing_version, event_id, source, type, wire, body)
                VALUES (?1, ?2, 'default', ?3, 1, ?4, '/s', 't', 'structured', x'00')";
            self.connection.execute(insert, params![self.keys.next_number(), event_id, self.now, text]).unwrap();
        }
        taken
    }

    /// As after a crash: what was in memory is gone.
    fn reopen(&mut self) {
        self.keys = Keys::with_target(self.keys.target);
    }

    fn in_table(&self) -> i64 {
        self.connection.query_row("SELECT count(*) FROM event_keys", [], |row| row.get(0)).unwrap()
    }
}

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

#[test]
fn a_key_is_known_in_memory_in_the_table_and_after_a_crash_at_any_time() {
    for count in [1, 5, 20, 33, 100, 250] {
        let mut fixture = Fixture::new(10);
        for name in 1..=count {
            assert_eq!(fixture.post(name), None);
        }
        assert!(fixture.keys.recent.len() <= 11);
        for round in 0..2 {
            for name in 1..=count {
                assert_eq!(fixture.insert(name, i64::MIN), Some(id(name)), "{count} keys, round {round}");
            }
            fixture.reopen();
        }
    }
}

#[test]
fn memory_and_what_is_read_again_stay_bounded() {
    let mut fixture = Fixture::new(10);
    for name in 0..1000 {
        fixture.post(name);
    }
    assert!(fixture.in_table() >= 989);
    fixture.reopen();
    fixture.post(1000);
    assert!(fixture.keys.recent.len() <= 60, "{}", fixture.keys.recent.len());
    for name in 1001..1200 {
        fixture.post(name);
    }
    assert!(fixture.keys.recent.len() <= 11);
}

#[test]
fn what_is_undone_was_never_taken() {
    let mut fixture = Fixture::new(2);
    for name in 1..=5 {
        fixture.post(name);
    }
    let before = fixture.keys.recent.clone();
    assert_eq!(fixture.insert(9, i64::MIN), None);
    assert_eq!(fixture.insert(5, i64::MAX), None, "it has left the window");
    fixture.keys.write_some(&fixture.connection).unwrap();
    fixture.keys.roll_back();
    assert_eq!(fixture.keys.recent, before);
    fixture.keys.commit();
    assert_eq!(fixture.keys.recent, before, "keys that a failed transaction wrote stay in memory");
}

#[test]
fn a_key_that_left_the_window_is_the_newer_events_wherever_it_was() {
    let mut fixture = Fixture::new(2);
    for name in 1..=5 {
        fixture.post(name);
    }
    let since = fixture.now + 1;
    for name in 1..=5 {
        assert_eq!(fixture.insert(name, since), None);
        fixture.keys.commit();
    }
    fixture.reopen();
    for name in 1..=5 {
        assert_eq!(fixture.insert(name, since), Some(id(name + 5)));
    }
}

#[test]
fn pruning_goes_through_memory_and_table_in_portions() {
    let mut fixture = Fixture::new(10);
    for name in 0..30 {
        fixture.post(name);
    }
    let before = fixture.now - 4;
    let mut portions = Vec::new();
    for _ in 0..4 {
        portions.push(fixture.keys.prune(&fixture.connection, before, 10).unwrap());
        fixture.keys.commit();
    }
    assert_eq!((portions.iter().sum::<usize>(), portions[3]), (25, 0), "{portions:?}");
    assert_eq!(fixture.insert(29, before), Some(id(30)));
    assert_eq!(fixture.insert(3, before), None);
}
