"""Errors as Windows gives them: an id that is never localized, and words that are."""

from collections.abc import Mapping
from typing import Final

# Error ids as seen on Windows; scripts may decide on them and on nothing else.
GPO_NAME_TAKEN: Final = "GpoWithNameAlreadyExists,Microsoft.GroupPolicy.Commands.NewGpoCommand"
GPO_NAME_NOT_FOUND: Final = "GpoWithNameNotFound,Microsoft.GroupPolicy.Commands.GetGpoCommand"
GPO_ID_NOT_FOUND: Final = "GpoWithIdNotFound,Microsoft.GroupPolicy.Commands.GetGpoCommand"
LINK_NOT_FOUND: Final = "GpoLinkNotFound,Microsoft.GroupPolicy.Commands.SetGPLinkCommand"
LINK_EXISTS: Final = "GpoLinkAlreadyExists,Microsoft.GroupPolicy.Commands.NewGPLinkCommand"
NO_FOLDER: Final = "GetAcl_PathNotFound_Exception,Microsoft.PowerShell.Commands.GetAclCommand"
INVALID_NAMESPACE: Final = (
    "HRESULT 0x8004100e,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand"
)
INVALID_CLASS: Final = (
    "HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand"
)
INVALID_QUERY: Final = (
    "HRESULT 0x80041017,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand"
)
SERVICE_NOT_FOUND: Final = (
    "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand"
)
SERVICE_CANT_START: Final = "CouldNotStartService,Microsoft.PowerShell.Commands.StartServiceCommand"
DNS_NAME_ERROR: Final = "DNS_ERROR_RCODE_NAME_ERROR,Microsoft.DnsClient.Commands.ResolveDnsName"
DNS_TIMEOUT: Final = "ERROR_TIMEOUT,Microsoft.DnsClient.Commands.ResolveDnsName"
COMMAND_NOT_FOUND: Final = "CommandNotFoundException"
UNKNOWN_REQUEST: Final = "ipsec_orchestrator.lab.UnknownRequest"
NO_WIRE: Final = "ipsec_orchestrator.lab.NoWire"

_ENGLISH: Final = "en"
_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    GPO_NAME_TAKEN: {
        "en": "A GPO named {0} is already in the domain.",
        "de": "In der Domäne gibt es bereits ein Gruppenrichtlinienobjekt mit dem Namen {0}.",
        "ja": "{0} という名前の GPO はドメインに既にあります。",
    },
    GPO_NAME_NOT_FOUND: {
        "en": "The domain has no GPO named {0}.",
        "de": "In der Domäne gibt es kein Gruppenrichtlinienobjekt mit dem Namen {0}.",
        "ja": "{0} という名前の GPO はドメインにありません。",
    },
    GPO_ID_NOT_FOUND: {
        "en": "The domain has no GPO with the id {0}.",
        "de": "In der Domäne gibt es kein Gruppenrichtlinienobjekt mit der ID {0}.",
        "ja": "ID が {0} の GPO はドメインにありません。",
    },
    LINK_NOT_FOUND: {
        "en": "The GPO is not linked to {0}.",
        "de": "Das Gruppenrichtlinienobjekt ist nicht mit {0} verknüpft.",
        "ja": "GPO は {0} にリンクされていません。",
    },
    LINK_EXISTS: {
        "en": "The GPO is already linked to {0}.",
        "de": "Das Gruppenrichtlinienobjekt ist bereits mit {0} verknüpft.",
        "ja": "GPO は既に {0} にリンクされています。",
    },
    INVALID_NAMESPACE: {
        "en": "Invalid namespace",
        "de": "Ungültiger Namespace",
        "ja": "名前空間が無効です",
    },
    INVALID_CLASS: {"en": "Invalid class", "de": "Ungültige Klasse", "ja": "クラスが無効です"},
    INVALID_QUERY: {"en": "Invalid query", "de": "Ungültige Abfrage", "ja": "クエリが無効です"},
    SERVICE_NOT_FOUND: {
        "en": "There is no service named {0}.",
        "de": "Es gibt keinen Dienst mit dem Namen {0}.",
        "ja": "{0} という名前のサービスはありません。",
    },
    SERVICE_CANT_START: {
        "en": "The service {0} can't be started: it is disabled.",
        "de": "Der Dienst {0} kann nicht gestartet werden: er ist deaktiviert.",
        "ja": "サービス {0} を開始できません。無効になっています。",
    },
    DNS_NAME_ERROR: {
        "en": "{0} : there is no such DNS name",
        "de": "{0} : diesen DNS-Namen gibt es nicht",
        "ja": "{0} : その DNS 名はありません",
    },
    DNS_TIMEOUT: {
        "en": "{0} : the DNS server did not answer in time",
        "de": "{0} : der DNS-Server hat nicht rechtzeitig geantwortet",
        "ja": "{0} : DNS サーバーが時間内に応答しませんでした",
    },
    NO_WIRE: {"en": "This lab has no network for its members: start it with lab up --wire."},
    COMMAND_NOT_FOUND: {
        "en": "This computer has no command {0}.",
        "de": "Dieser Computer kennt den Befehl {0} nicht.",
        "ja": "このコンピューターにコマンド {0} はありません。",
    },
}
_CATEGORIES: Final[Mapping[str, str]] = {
    GPO_NAME_TAKEN: "InvalidArgument",
    GPO_NAME_NOT_FOUND: "ObjectNotFound",
    GPO_ID_NOT_FOUND: "ObjectNotFound",
    LINK_NOT_FOUND: "ObjectNotFound",
    LINK_EXISTS: "InvalidArgument",
    INVALID_NAMESPACE: "MetadataError",
    INVALID_CLASS: "MetadataError",
    INVALID_QUERY: "InvalidArgument",
    SERVICE_NOT_FOUND: "ObjectNotFound",
    SERVICE_CANT_START: "OpenError",
    DNS_NAME_ERROR: "ResourceUnavailable",
    DNS_TIMEOUT: "OperationTimeout",
    COMMAND_NOT_FOUND: "ObjectNotFound",
}


class ImitatedError(Exception):
    """A terminating error of an imitated command.

    Attributes:
        error_id: FullyQualifiedErrorId.
        category: ErrorCategory by name.
        about: What the error is about; goes into the words.
    """

    def __init__(self, error_id: str, about: str = "") -> None:
        super().__init__(error_id)
        self.error_id = error_id
        self.category = _CATEGORIES.get(error_id, "NotSpecified")
        self.about = about

    def words(self, locale: str) -> str:
        """Say it in the language of a Windows of this locale, such as ``de-DE``."""
        texts = _TEXTS.get(self.error_id, {})
        text = texts.get(locale.partition("-")[0], texts.get(_ENGLISH, self.error_id))
        return text.format(self.about)
