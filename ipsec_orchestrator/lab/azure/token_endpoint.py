"""The imitated Entra ID: metadata, tokens for proofs that are really checked, managed identity."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ipsec_orchestrator.lab.azure.resource_manager import ArmAnswer
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.secret import Secret

_VALID_SECONDS: Final = 3600
_JWT_PARTS: Final = 3
MANAGED_IDENTITY_PATH: Final = "/msi/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    """Gives tokens to one application.

    Attributes:
        base_url: Where it is reached.
        tenant: The only tenant that it knows.
        client_id: The only application.
        certificate: Proof of kind one: assertions signed by its key (RFC 7523).
        client_secret: Proof of kind two.
        federated_token: Proof of kind three: this very assertion, as a workload has it in a file.
        identity_header: What a managed identity sends along.
    """

    base_url: str
    tenant: str
    client_id: str
    certificate: x509.Certificate
    client_secret: Secret = field(default_factory=lambda: Secret(secrets.token_urlsafe()))
    federated_token: Secret = field(default_factory=lambda: Secret(secrets.token_urlsafe()))
    identity_header: Secret = field(default_factory=lambda: Secret(secrets.token_urlsafe()))
    _tokens: dict[str, float] = field(default_factory=dict[str, float], repr=False)

    def issue(self) -> str:
        """Give a new token."""
        token = secrets.token_urlsafe(32)
        self._tokens[token] = time.time() + _VALID_SECONDS
        return token

    @property
    def issued(self) -> tuple[str, ...]:
        """All tokens that were given out."""
        return tuple(self._tokens)

    def is_good(self, authorization: str) -> bool:
        """Tell whether an ``Authorization`` header holds a token that was given out here."""
        kind, _, token = authorization.partition(" ")
        return kind.lower() == "bearer" and self._tokens.get(token, 0.0) > time.time()

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> ArmAnswer | None:
        """Answer what is for this endpoint; ``None`` for everything else.

        Args:
            method: Upper case.
            path: Without query.
            headers: By name in lower case.
            body: Complete.
        """
        match method, path:
            case "GET", _ if path == f"/{self.tenant}/v2.0/.well-known/openid-configuration":
                return ArmAnswer(status=HTTPStatus.OK, body=self._metadata())
            case "GET", _ if path.endswith("/.well-known/openid-configuration"):
                return _refusal("invalid_tenant", "AADSTS90002: this tenant was not found.")
            case "POST", _ if path == self._token_path:
                return self._grant(parse_qs(body.decode()))
            case "GET", _ if path == MANAGED_IDENTITY_PATH:
                return self._managed(headers)
            case _:
                return None

    @property
    def _token_path(self) -> str:
        return f"/{self.tenant}/oauth2/v2.0/token"

    def _metadata(self) -> Json:
        base = f"{self.base_url}/{self.tenant}"
        return {
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{self.base_url}{self._token_path}",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["code"],
        }

    def _grant(self, form: Mapping[str, list[str]]) -> ArmAnswer:
        client = form.get("client_id", [""])[0]
        if client != self.client_id:
            return _refusal("unauthorized_client", "AADSTS700016: no such application here.")
        given = form.get("client_secret", [""])[0]
        if given:
            proven = secrets.compare_digest(given, self.client_secret.reveal())
        else:
            proven = self._is_proven(form.get("client_assertion", [""])[0])
        if not proven:
            return _refusal("invalid_client", "AADSTS7000215: the proof is not valid.")
        return ArmAnswer(
            status=HTTPStatus.OK,
            body={
                "token_type": "Bearer",
                "expires_in": _VALID_SECONDS,
                "ext_expires_in": _VALID_SECONDS,
                "access_token": self.issue(),
            },
        )

    def _is_proven(self, assertion: str) -> bool:
        if secrets.compare_digest(assertion, self.federated_token.reveal()):
            return True
        parts = assertion.split(".")
        if len(parts) != _JWT_PARTS:
            return False
        key = self.certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        signed = f"{parts[0]}.{parts[1]}".encode()
        try:
            header: dict[str, Any] = json.loads(_decoded(parts[0]))
            claims: dict[str, Any] = json.loads(_decoded(parts[1]))
            if header.get("alg") != "RS256":
                return False
            key.verify(_decoded(parts[2]), signed, padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            return False
        return (
            claims.get("aud") == f"{self.base_url}{self._token_path}"
            and claims.get("sub") == self.client_id
            and float(claims.get("exp", 0)) > time.time()
        )

    def _managed(self, headers: Mapping[str, str]) -> ArmAnswer:
        given = headers.get("x-identity-header", "")
        if not secrets.compare_digest(given, self.identity_header.reveal()):
            return _refusal("invalid_request", "The identity header is not that of this host.")
        return ArmAnswer(
            status=HTTPStatus.OK,
            body={
                "access_token": self.issue(),
                "expires_on": str(int(time.time()) + _VALID_SECONDS),
                "resource": self.base_url,
                "token_type": "Bearer",
            },
        )


def _refusal(code: str, description: str) -> ArmAnswer:
    body: Json = {"error": code, "error_description": description}
    return ArmAnswer(status=HTTPStatus.BAD_REQUEST, body=body)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
