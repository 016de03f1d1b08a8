"""Fault sentences in the languages of the simulated Windows hosts.

Kept apart from the shapes because nobody may decide anything on them: they are for people, and
differ with the display language of the host.
"""

from collections.abc import Mapping
from typing import Final

from ipsec_orchestrator.lab.winrm.faults import Locale

_EN, _DE, _JA = Locale.ENGLISH, Locale.GERMAN, Locale.JAPANESE

FAULT_TEXTS: Final[Mapping[str, Mapping[Locale, str]]] = {
    "ACCESS_DENIED": {
        _EN: "Access is denied.",
        _DE: "Zugriff verweigert",
        _JA: "アクセスが拒否されました。",
    },
    "INVALID_PARAMETER": {
        _EN: "The parameter is incorrect.",
        _DE: "Falscher Parameter.",
        _JA: "パラメーターが間違っています。",
    },
    "ABORTED": {
        _EN: "The I/O operation has been aborted because of either a thread exit or an "
        "application request.",
        _DE: "Der E/A-Vorgang wurde wegen eines Threadendes oder einer Anwendungsanforderung "
        "abgebrochen.",
        _JA: "スレッドの終了またはアプリケーションの要求によって、I/O 処理は中止されました。",
    },
    "HOST_PROCESS_DIED": {
        _EN: "The WSMan provider host process did not return a proper response. A provider in "
        "the host process may have behaved improperly.",
        _DE: "Der WSMan-Anbieterhostprozess hat keine ordnungsgemäße Antwort zurückgegeben. "
        "Möglicherweise hat sich ein Anbieter im Hostprozess falsch verhalten.",
        _JA: "WSMan プロバイダーのホスト プロセスから正しい応答が返されませんでした。",
    },
    "UNKNOWN_RESOURCE": {
        _EN: "The WS-Management service cannot process the request. The service cannot find the "
        "resource identified by the resource URI and selectors.",
        _DE: "Die Anforderung kann vom WS-Verwaltungsdienst nicht verarbeitet werden. Die durch "
        "den Ressourcen-URI und die Selektoren bezeichnete Ressource wurde nicht gefunden.",
        _JA: "WS-Management サービスは要求を処理できません。リソース URI とセレクターで"
        "識別されるリソースが見つかりません。",
    },
    "UNKNOWN_ACTION": {
        _EN: "The WS-Management service cannot process the request because the action {subject} "
        "is not supported for this resource.",
        _DE: "Die Anforderung kann vom WS-Verwaltungsdienst nicht verarbeitet werden: Die Aktion "
        "{subject} wird für diese Ressource nicht unterstützt.",
        _JA: "WS-Management サービスは要求を処理できません。アクション {subject} は"
        "サポートされていません。",
    },
    "INVALID_TIMEOUT": {
        _EN: "The WS-Management service cannot process the request. The XML contains an invalid "
        "timeout field in the SOAP header: {subject}.",
        _DE: "Die Anforderung kann vom WS-Verwaltungsdienst nicht verarbeitet werden. Das XML "
        "enthält ein ungültiges Zeitlimitfeld im SOAP-Header: {subject}.",
        _JA: "WS-Management サービスは要求を処理できません。SOAP ヘッダーのタイムアウト "
        "フィールドが無効です: {subject}",
    },
    "TIMED_OUT": {
        _EN: "The WS-Management service cannot complete the operation within the time specified "
        "in OperationTimeout.",
        _DE: "Der Vorgang konnte vom WS-Verwaltungsdienst nicht innerhalb der in "
        "OperationTimeout angegebenen Zeit abgeschlossen werden.",
        _JA: "WS-Management サービスは、OperationTimeout で指定された時間内に操作を"
        "完了できません。",
    },
    "INVALID_XML": {
        _EN: "The SOAP XML in the message does not match the corresponding XML schema "
        "definition. Change the XML and retry.",
        _DE: "Das SOAP-XML in der Nachricht stimmt nicht mit der entsprechenden "
        "XML-Schemadefinition überein. Ändern Sie das XML, und wiederholen Sie den Vorgang.",
        _JA: "メッセージの SOAP XML が、対応する XML スキーマ定義と一致しません。",
    },
    "UNKNOWN_SHELL": {
        _EN: "The request for the Windows Remote Shell with ShellId {subject} failed because "
        "the shell was not found on the server. Possible causes are: the specified ShellId is "
        "incorrect or the shell no longer exists on the server. Provide the correct ShellId or "
        "create a new shell and retry the operation.",
        _DE: "Die Anforderung für die Windows-Remoteshell mit der ShellId {subject} ist "
        "fehlgeschlagen, da die Shell auf dem Server nicht gefunden wurde.",
        _JA: "ShellId {subject} の Windows リモート シェルに対する要求は、シェルがサーバーに"
        "見つからないため失敗しました。",
    },
    "UNKNOWN_COMMAND": {
        _EN: "The Windows Remote Shell received a request to perform an operation on a command "
        "identifier that does not exist. Either the command has completed execution or the "
        "client specified an invalid command identifier.",
        _DE: "Die Windows-Remoteshell hat eine Anforderung für eine Befehls-ID erhalten, die "
        "nicht vorhanden ist. Der Befehl ist bereits abgeschlossen, oder die ID ist ungültig.",
        _JA: "Windows リモート シェルは、存在しないコマンド識別子に対する操作の要求を"
        "受け取りました。",
    },
    "TOO_MANY_SHELLS": {
        _EN: "The WS-Management service cannot process the request. This user is allowed a "
        "maximum number of {subject} concurrent shells, which has been exceeded. Close existing "
        "shells or raise the quota for this user.",
        _DE: "Die Anforderung kann vom WS-Verwaltungsdienst nicht verarbeitet werden. Die "
        "maximale Anzahl von {subject} gleichzeitigen Shells für diesen Benutzer wurde "
        "überschritten.",
        _JA: "WS-Management サービスは要求を処理できません。このユーザーに許可されている"
        "同時シェルの最大数 {subject} を超えました。",
    },
    "TOO_MANY_COMMANDS": {
        _EN: "The WS-Management service cannot process the request. The maximum number of "
        "concurrent commands per shell has been exceeded. Retry the request later or raise the "
        "Maximum Commands per Shell quota.",
        _DE: "Die Anforderung kann vom WS-Verwaltungsdienst nicht verarbeitet werden. Die "
        "maximale Anzahl gleichzeitiger Befehle pro Shell wurde überschritten.",
        _JA: "WS-Management サービスは要求を処理できません。シェルごとの同時コマンドの"
        "最大数を超えました。",
    },
}
