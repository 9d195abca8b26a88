//! Statements about a list of identifiers, with one text whatever its length: it is run for so many at a time.

use uuid::Uuid;

use super::value::Value;

/// Identifiers that one run of such a statement is about.
const SIZE: usize = 32;

/// The places of the identifiers in a statement; its other values follow from `$33` on.
macro_rules! ids {
    () => {
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
         $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32"
    };
}
pub(super) use ids;

/// The values of each run; the places that are left name the last identifier again.
pub(super) fn chunks(ids: &[Uuid]) -> impl Iterator<Item = Vec<Value>> {
    ids.chunks(SIZE).map(|chunk| {
        let last = chunk.last().into_iter().cycle().take(SIZE - chunk.len());
        chunk.iter().chain(last).map(|id| Value::from(*id)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifier_is_named_and_every_place_filled() {
        let ids: Vec<_> = (0..40).map(Uuid::from_u128).collect();
        let chunks: Vec<_> = chunks(&ids).collect();
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [SIZE, SIZE]);
        assert_eq!((&chunks[0][31], &chunks[1][0]), (&Value::from(ids[31]), &Value::from(ids[32])));
        assert!(chunks[1][7..].iter().all(|value| *value == Value::from(ids[39])));
        assert_eq!(ids!().split(", ").count(), SIZE);
    }
}
