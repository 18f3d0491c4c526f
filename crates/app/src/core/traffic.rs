//! Suppliers, connectors, routes, prices and the policy: versions of documents, and which is in force.
//!
//! It checks nothing itself: the engine compiles each document before it becomes a version. Start at
//! [`Core::change_traffic`].

use std::sync::Arc;

use ports::store::ConfigKind;
use types::catalog::{PriceBook, TrafficDocument};
use types::profile::Profile;
use types::refusal::{Refusal, RefusalCode};

use super::{ConnectorView, Core, VersionView, stopped};
use crate::engine::{Change, Changed};

impl Core {
    /// The operator's policy in force.
    pub fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.inner.shared.snapshot.load().profile)
    }

    /// Makes a profile the one in force; gives its number. The same profile again changes nothing.
    ///
    /// # Errors
    /// `invalid_configuration` for a schema that is not known.
    pub async fn change_profile(&self, profile: Profile, author: &str) -> Result<u32, Refusal> {
        self.change_version(Change::Profile { profile: Box::new(profile), author: author.to_owned() }).await
    }

    /// Connectors and how they are doing.
    pub fn connectors(&self) -> Vec<ConnectorView> {
        let shared = &self.inner.shared;
        let mut views = (**shared.connectors.load()).clone();
        for view in &mut views {
            let counts = shared.metrics.connector_counts(view.id);
            view.submitted = counts.submitted;
            view.delivered = counts.delivered;
            view.failed = counts.failed;
            view.errors = counts.errors;
        }
        views
    }

    /// The traffic document in force and its number.
    pub fn traffic(&self) -> (u32, Arc<TrafficDocument>) {
        let snapshot = self.inner.shared.snapshot.load();
        (snapshot.traffic.version, Arc::new(snapshot.traffic.document.clone()))
    }

    /// Versions of the traffic document, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn traffic_versions(&self, limit: usize) -> Result<Vec<VersionView>, Refusal> {
        let limit = limit.clamp(1, ports::store::PAGE_ROWS_MAX);
        let versions =
            self.inner.ask(move |reader| reader.config_versions(ConfigKind::Traffic, limit)).await?;
        let view = |version: ports::store::ConfigVersion| VersionView {
            number: version.number,
            author: version.author,
            comment: version.comment,
            created_at: version.created_at,
        };
        Ok(versions.into_iter().map(view).collect())
    }

    /// One version of the traffic document.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn traffic_version(&self, number: u32) -> Result<Option<TrafficDocument>, Refusal> {
        let version =
            self.inner.ask(move |reader| reader.config_version(ConfigKind::Traffic, number)).await?;
        Ok(version.and_then(|version| serde_json::from_str(&version.document).ok()))
    }

    /// Checks a document and makes it the newest version; gives its number.
    ///
    /// # Errors
    /// `invalid_configuration` with a sentence that names what cannot be used.
    pub async fn change_traffic(
        &self,
        document: TrafficDocument,
        author: &str,
        comment: &str,
    ) -> Result<u32, Refusal> {
        let (author, comment) = (author.to_owned(), comment.to_owned());
        self.change_version(Change::Traffic { document, author, comment }).await
    }

    /// Makes an older version the newest again; gives the new number.
    ///
    /// # Errors
    /// `not_found`, or `invalid_configuration` when it no longer fits.
    pub async fn roll_back_traffic(&self, number: u32, author: &str) -> Result<u32, Refusal> {
        let document = self.traffic_version(number).await?;
        let document = document.ok_or_else(|| {
            Refusal::new(RefusalCode::NotFound, format!("there is no version {number} of the routes"))
        })?;
        self.change_traffic(document, author, &format!("back to version {number}")).await
    }

    /// The price books of the newest version, or of the newest one by `author`; `None` when there is
    /// none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn price_books(&self, author: Option<&str>) -> Result<Option<Vec<PriceBook>>, Refusal> {
        let versions = self
            .inner
            .ask(|reader| reader.config_versions(ConfigKind::Prices, ports::store::PAGE_ROWS_MAX))
            .await?;
        let wanted =
            |version: &&ports::store::ConfigVersion| author.is_none_or(|author| author == version.author);
        let newest = versions.iter().find(wanted);
        Ok(newest.and_then(|version| serde_json::from_str(&version.document).ok()))
    }

    /// Checks price books and makes them the newest version; gives its number.
    ///
    /// # Errors
    /// `invalid_configuration` with a sentence that names what cannot be used.
    pub async fn change_prices(
        &self,
        books: Vec<PriceBook>,
        author: &str,
        comment: &str,
    ) -> Result<u32, Refusal> {
        let (author, comment) = (author.to_owned(), comment.to_owned());
        self.change_version(Change::Prices { books, author, comment }).await
    }

    async fn change_version(&self, change: Change) -> Result<u32, Refusal> {
        match self.change(change).await? {
            Changed::Version(number) => Ok(number),
            _ => Err(stopped()),
        }
    }
}
