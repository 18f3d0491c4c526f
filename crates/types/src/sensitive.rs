//! A wrapper for personal data and secrets: it is masked wherever it would be printed.
//!
//! Reading the value takes a call named [`Sensitive::expose`], which is easy to find in review.

use std::fmt;

/// Personal data or a secret. `Debug` and `Display` print a mask; [`Sensitive::expose`] reads it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Never pass the result to a log or an error text.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// Applies `f` inside the wrapper.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Sensitive<U> {
        Sensitive(f(self.0))
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::Sensitive;

    #[test]
    fn prints_a_mask_only() {
        let number = Sensitive::new("447911123456");
        assert_eq!(format!("{number} {number:?}"), "*** ***");
        assert_eq!(*number.expose(), "447911123456");
    }
}
