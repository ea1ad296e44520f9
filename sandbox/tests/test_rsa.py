import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.oauth.rsa import read_public_key

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ENCODING, FORMAT = serialization.Encoding.PEM, serialization.PublicFormat


def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(1))
    return made.sign(KEY, hashes.SHA256()).public_bytes(ENCODING)


@pytest.mark.parametrize(
    "pem",
    [
        certificate(),
        KEY.public_key().public_bytes(ENCODING, FORMAT.SubjectPublicKeyInfo),
        KEY.public_key().public_bytes(ENCODING, FORMAT.PKCS1),
    ],
)
def test_a_key_is_read_from_any_usual_pem(pem: bytes) -> None:
    key = read_public_key(pem.decode())
    signature = KEY.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    assert key.verifies(b"message", signature)
    assert not key.verifies(b"another", signature)
    assert not key.verifies(b"message", signature[:-1])


@pytest.mark.parametrize(
    "text", ["", "nonsense", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="PEM"):
        read_public_key(text)
