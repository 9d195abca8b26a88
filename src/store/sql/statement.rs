//! Statements of the control plane: one text for both databases.
//!
//! A [`Statement`] is made by [`statements!`] alone, which also lists it, so that a test can prepare every one of them against
//! both schemas. Texts are constants: nothing a caller says ever becomes SQL.

/// A statement with `$1` placeholders that both databases understand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement(&'static str);

impl Statement {
    /// Names a text a statement. Use [`statements!`], which lists it too.
    pub(super) const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// The text.
    pub(super) const fn text(self) -> &'static str {
        self.0
    }
}

/// Declares a module's statements, each of one or more pieces, and lists them as `STATEMENTS`.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $($piece:expr),+;)+) => {
        $($(#[$doc])* const $name: $crate::store::sql::statement::Statement =
            $crate::store::sql::statement::Statement::new(concat!($($piece),+));)+

        /// Every statement of this module.
        pub(super) const STATEMENTS: &[$crate::store::sql::statement::Statement] = &[$($name),+];
    };
}
pub(super) use statements;
