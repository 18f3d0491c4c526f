//! Certificates: the first start makes an authority and a leaf in the data folder, so that HTTPS
//! and SMPP over TLS work from the first day. An operator puts its own leaf in their place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::folder::{make_private_folder, write_private};

/// The authority's certificate, for clients that should trust it.
pub(crate) const CA_FILE: &str = "tls/ca.pem";
/// The folder of all of them.
const FOLDER: &str = "tls";
const DRAFT_FOLDER: &str = "tls.new";
const CA_KEY_FILE: &str = "tls/ca-key.pem";
const LEAF_FILE: &str = "tls/server.pem";
const LEAF_KEY_FILE: &str = "tls/server-key.pem";

/// Where the authority's certificate is.
pub(crate) fn ca_path(data: &Path) -> PathBuf {
    data.join(CA_FILE)
}

/// Where the certificate that is served is.
pub(crate) fn leaf_path(data: &Path) -> PathBuf {
    data.join(LEAF_FILE)
}

/// Reads the leaf, making it and its authority when there is no folder for them yet. In a folder that is
/// there nothing is ever replaced: an operator may be putting its own files into it.
pub(crate) fn server_config(data: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    if !data.join(FOLDER).exists() {
        make(data).context("the certificates cannot be made")?;
    }
    let read = |name: &str| {
        format!(
            "{name} in the data folder cannot be read; put your own there, or remove the folder {FOLDER} so \
             that the next start makes a new one"
        )
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(data.join(LEAF_FILE))
        .and_then(Iterator::collect)
        .with_context(|| read(LEAF_FILE))?;
    let key = PrivateKeyDer::from_pem_file(data.join(LEAF_KEY_FILE)).with_context(|| read(LEAF_KEY_FILE))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    Ok(Arc::new(config.context("the certificate and its key do not fit each other")?))
}

/// Makes everything in a folder of another name and renames it, so that a power cut leaves no half.
fn make(data: &Path) -> anyhow::Result<()> {
    let draft = data.join(DRAFT_FOLDER);
    if draft.exists() {
        std::fs::remove_dir_all(&draft)?;
    }
    make_private_folder(&draft)?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Chappe local authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_key_pem = authority_key.serialize_pem();
    let issuer = CertifiedIssuer::self_signed(authority, authority_key)?;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name.push(DnType::CommonName, "Chappe");
    leaf.use_authority_key_identifier_extension = true;
    leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let leaf_key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&leaf_key, &issuer)?;
    for (file, text) in [
        (CA_KEY_FILE, authority_key_pem),
        (LEAF_KEY_FILE, leaf_key.serialize_pem()),
        (CA_FILE, issuer.pem()),
        (LEAF_FILE, certificate.pem()),
    ] {
        write_private(&draft.join(file.strip_prefix(FOLDER).unwrap_or(file).trim_start_matches('/')), &text)?;
    }
    std::fs::rename(&draft, data.join(FOLDER))?;
    // The new name is in the folder around it, which has to reach the disk too.
    std::fs::File::open(data)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ca_path, leaf_path, server_config};

    #[test]
    fn makes_certificates_once() {
        let folder = tempfile::tempdir().unwrap();
        drop(rustls::crypto::ring::default_provider().install_default());
        server_config(folder.path()).unwrap();
        let first = std::fs::read(ca_path(folder.path())).unwrap();
        server_config(folder.path()).unwrap();
        assert_eq!(first, std::fs::read(ca_path(folder.path())).unwrap());
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["tls"]);
    }

    #[test]
    fn an_operators_key_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        drop(rustls::crypto::ring::default_provider().install_default());
        // A start that was cut off left a half behind.
        std::fs::create_dir(folder.path().join("tls.new")).unwrap();
        std::fs::write(folder.path().join("tls.new/ca.pem"), "half").unwrap();
        server_config(folder.path()).unwrap();
        let key = folder.path().join("tls/server-key.pem");
        std::fs::remove_file(leaf_path(folder.path())).unwrap();
        let before = std::fs::read(&key).unwrap();
        let error = format!("{:#}", server_config(folder.path()).unwrap_err());
        assert!(error.contains("tls/server.pem"), "{error}");
        assert_eq!(std::fs::read(&key).unwrap(), before);
    }
}
