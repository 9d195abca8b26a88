//! Many rows by one statement: the statement finds its way to the end of each index once, not for every row.

use rusqlite::{CachedStatement, Connection, Result, Statement, ToSql};

/// Rows of the longer statement.
const MANY: usize = 8;

/// Two statements that insert rows of the same columns: one row, and [`MANY`] at once.
///
/// `OR ROLLBACK`: a row that may not be there undoes the transaction. The writer begins it again without the job that failed; else
/// SQLite would copy every page before a statement of several rows changes it.
macro_rules! insert {
    ($head:literal, $row:literal, $tail:literal) => {
        [
            concat!("INSERT OR ROLLBACK INTO ", $head, " VALUES ", $row, $tail),
            concat!(
                "INSERT OR ROLLBACK INTO ",
                $head,
                " VALUES ",
                $row,
                ",",
                $row,
                ",",
                $row,
                ",",
                $row,
                ",",
                $row,
                ",",
                $row,
                ",",
                $row,
                ",",
                $row,
                $tail
            ),
        ]
    };
}
pub(super) use insert;

/// The statements, prepared.
pub(super) struct Insert<'c> {
    one: CachedStatement<'c>,
    many: CachedStatement<'c>,
}

/// Takes the values of rows in the order of their columns.
pub(super) struct Values<'s, 'c> {
    statement: &'s mut Statement<'c>,
    /// Of the last value, counted from one.
    place: usize,
}

impl<'c> Insert<'c> {
    /// Looks the two up.
    pub(super) fn prepare(connection: &'c Connection, [one, many]: [&str; 2]) -> Result<Self> {
        Ok(Self { one: connection.prepare_cached(one)?, many: connection.prepare_cached(many)? })
    }

    /// Inserts rows, whose values `bind` gives.
    pub(super) fn rows<T>(&mut self, rows: &[T], bind: impl Fn(&T, &mut Values<'_, '_>) -> Result<()>) -> Result<()> {
        let (many, rest) = rows.as_chunks::<MANY>();
        for some in many {
            execute(&mut self.many, some, &bind)?;
        }
        rest.iter().try_for_each(|row| execute(&mut self.one, std::slice::from_ref(row), &bind))
    }
}

fn execute<T>(statement: &mut Statement<'_>, rows: &[T], bind: &impl Fn(&T, &mut Values<'_, '_>) -> Result<()>) -> Result<()> {
    let mut values = Values { statement, place: 0 };
    rows.iter().try_for_each(|row| bind(row, &mut values))?;
    statement.raw_execute().map(|_| ())
}

impl Values<'_, '_> {
    /// Binds the next value.
    pub(super) fn push(&mut self, value: impl ToSql) -> Result<()> {
        self.place += 1;
        self.statement.raw_bind_parameter(self.place, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [&str; 2] = insert!("pairs (a, b)", "(?, ?)", " ON CONFLICT (a) DO NOTHING");

    #[test]
    fn any_number_of_rows_is_inserted_with_its_values() {
        for count in [0, 1, 7, 8, 9, 16, 21] {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch("CREATE TABLE pairs (a INTEGER PRIMARY KEY, b TEXT)").unwrap();
            let pairs: Vec<(i64, Option<String>)> = (0..count).map(|a| (a, (a % 3 > 0).then(|| a.to_string()))).collect();
            let mut insert = Insert::prepare(&connection, PAIRS).unwrap();
            for _ in 0..2 {
                let bind = |(a, b): &(i64, Option<String>), values: &mut Values<'_, '_>| {
                    values.push(a)?;
                    values.push(b)
                };
                insert.rows(&pairs, bind).unwrap();
            }
            let mut select = connection.prepare("SELECT a, b FROM pairs ORDER BY a").unwrap();
            let found = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            assert_eq!(found.collect::<Result<Vec<_>>>().unwrap(), pairs);
        }
    }
}
