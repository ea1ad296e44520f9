"""RS256 verification with the standard library alone: RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2) over `pow()`.

Good enough to check an assertion in a stand-in; not constant-time, not for production.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

_SEQUENCE, _INTEGER, _BIT_STRING = 0x30, 0x02, 0x03
_RSA_OID = bytes.fromhex("06092a864886f70d010101")
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_PEM = re.compile(r"-----BEGIN (CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY)-----(.+?)-----END \1-----", re.S)


@dataclass(frozen=True)
class PublicKey:
    modulus: int
    exponent: int

    def verifies(self, message: bytes, signature: bytes) -> bool:
        size = (self.modulus.bit_length() + 7) // 8
        if len(signature) != size:
            return False
        opened = pow(int.from_bytes(signature), self.exponent, self.modulus).to_bytes(size)
        tail = b"\x00" + _SHA256_PREFIX + hashlib.sha256(message).digest()
        expected = b"\x00\x01" + b"\xff" * (size - len(tail) - 2) + tail
        return hmac.compare_digest(opened, expected)


def read_public_key(pem: str) -> PublicKey:
    """Read a PEM certificate, SubjectPublicKeyInfo or PKCS#1 key. Raises ValueError on anything else."""
    found = _PEM.search(pem)
    if not found:
        raise ValueError("Paste a PEM certificate or public key (-----BEGIN CERTIFICATE-----).")
    try:
        der = base64.b64decode(found[2])
        if found[1] == "RSA PUBLIC KEY":
            return _pkcs1(der)
        # An SPKI, alone or inside a certificate, is its algorithm id followed by a bit string: the
        # first such pair in a certificate is the subject's key, as the issuer has none there.
        at = der.index(_RSA_OID) + len(_RSA_OID)
        at = _after_null(der, at)
        tag, content, _ = _element(der, at)
        if tag != _BIT_STRING:
            raise ValueError("no key after the algorithm")
        return _pkcs1(content[1:])
    except (ValueError, IndexError) as error:
        raise ValueError("This PEM holds no RSA public key.") from error


def _pkcs1(der: bytes) -> PublicKey:
    tag, content, _ = _element(der, 0)
    if tag != _SEQUENCE:
        raise ValueError("not a sequence")
    first, modulus, after = _element(content, 0)
    second, exponent, _ = _element(content, after)
    if first != _INTEGER or second != _INTEGER:
        raise ValueError("not two integers")
    return PublicKey(int.from_bytes(modulus), int.from_bytes(exponent))


def _after_null(der: bytes, at: int) -> int:
    return at + 2 if der[at : at + 2] == b"\x05\x00" else at


def _element(der: bytes, at: int) -> tuple[int, bytes, int]:
    """(tag, content, offset after it) of the DER element at `at`."""
    tag, length, at = der[at], der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(der[at : at + count]), at + count
    return tag, der[at : at + length], at + length
