//! Certificates: the first start makes an authority and a leaf in the data folder, so that HTTPS
//! and SMPP over TLS work from the first day. An operator puts its own leaf in their place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The authority's certificate, for clients that should trust it.
pub(crate) const CA_FILE: &str = "tls/ca.pem";
const CA_KEY_FILE: &str = "tls/ca-key.pem";
const LEAF_FILE: &str = "tls/server.pem";
const LEAF_KEY_FILE: &str = "tls/server-key.pem";

/// Where the authority's certificate is.
pub(crate) fn ca_path(data: &Path) -> PathBuf {
    data.join(CA_FILE)
}

/// Reads the leaf, making it and its authority when there is none.
pub(crate) fn server_config(data: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    if !data.join(LEAF_FILE).exists() {
        make(data).context("the certificates cannot be made")?;
    }
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(data.join(LEAF_FILE))
        .and_then(Iterator::collect)
        .with_context(|| format!("{LEAF_FILE} in the data folder cannot be read"))?;
    let key = PrivateKeyDer::from_pem_file(data.join(LEAF_KEY_FILE))
        .with_context(|| format!("{LEAF_KEY_FILE} in the data folder cannot be read"))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    Ok(Arc::new(config.context("the certificate and its key do not fit each other")?))
}

fn make(data: &Path) -> anyhow::Result<()> {
    let folder = data.join("tls");
    std::fs::create_dir_all(&folder)?;
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
    write_private(&data.join(CA_KEY_FILE), &authority_key_pem)?;
    write_private(&data.join(LEAF_KEY_FILE), &leaf_key.serialize_pem())?;
    std::fs::write(data.join(CA_FILE), issuer.pem())?;
    std::fs::write(data.join(LEAF_FILE), certificate.pem())?;
    Ok(())
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ca_path, server_config};

    #[test]
    fn makes_certificates_once() {
        let folder = tempfile::tempdir().unwrap();
        drop(rustls::crypto::ring::default_provider().install_default());
        server_config(folder.path()).unwrap();
        let first = std::fs::read(ca_path(folder.path())).unwrap();
        server_config(folder.path()).unwrap();
        assert_eq!(first, std::fs::read(ca_path(folder.path())).unwrap());
    }
}
