//! TLS towards other parties: one provider (ring), versions 1.2 and 1.3, and whom to trust.
//!
//! It never installs a process-wide default and never opens a connection. Start at [`client_config`].

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Whose certificates are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The authorities that the machine trusts.
    Platform,
    /// The authorities in a PEM file, and no other.
    CaFile(String),
    /// Any certificate at all, for carriers that leave no choice.
    Anybody,
}

/// Makes the settings of a TLS client.
///
/// # Errors
/// A sentence without personal data: the file cannot be read or holds no certificate.
pub(crate) fn client_config(trust: &Trust) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let config = match trust {
        Trust::Platform => match rustls_platform_verifier::Verifier::new(Arc::clone(&provider)) {
            Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
            Err(error) => {
                // A machine without authorities can still run everything that needs no TLS; every
                // handshake then fails as untrusted.
                tracing::warn!(%error, "the machine trusts no certificate authority");
                builder.with_root_certificates(RootCertStore::empty())
            }
        },
        Trust::CaFile(path) => builder.with_root_certificates(roots_of_file(path)?),
        Trust::Anybody => {
            let accept = AcceptAnybody(provider.signature_verification_algorithms);
            builder.dangerous().with_custom_certificate_verifier(Arc::new(accept))
        }
    };
    Ok(config.with_no_client_auth())
}

fn roots_of_file(path: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|_| format!("the file {path} cannot be read"))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|_| format!("the file {path} is not PEM"))?;
        roots
            .add(certificate)
            .map_err(|_| format!("the file {path} holds a certificate that cannot be an authority"))?;
    }
    if roots.is_empty() { Err(format!("the file {path} holds no certificate")) } else { Ok(roots) }
}

/// Accepts every certificate and still checks that the peer holds its key.
#[derive(Debug)]
struct AcceptAnybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AcceptAnybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::{Trust, client_config};

    #[test]
    fn a_bad_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "no certificate here").unwrap();
        let path = path.to_str().unwrap().to_owned();
        let error = client_config(&Trust::CaFile(path.clone())).unwrap_err();
        assert!(error.contains(&path), "{error}");
        assert!(
            client_config(&Trust::CaFile("/nowhere/ca.pem".into())).unwrap_err().contains("/nowhere/ca.pem")
        );
        assert!(client_config(&Trust::Platform).is_ok());
        assert!(client_config(&Trust::Anybody).is_ok());
    }
}
