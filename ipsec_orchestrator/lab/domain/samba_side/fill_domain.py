"""Fill a provisioned domain while its server is down: accounts, names, addresses, keys.

Writing to the databases directly takes a fraction of what LDAP takes, and one transaction.

Request::

    {"smb_conf": path, "domain_dn", "dns_domain", "realm", "dc_address",
     "dc_account", "dc_service_names": [...], "admin_password",
     "reverse_zone": "50.127.in-addr.arpa",
     "units": ["IPSecOU"],
     "computers": [{"name", "account", "fqdn", "address", "unit", "password",
                    "service_names": [...], "operating_system"}],
     "new_keys": bool, "keytab": path}

``new_keys`` changes the passwords of krbtgt and of the DC, for a domain that was copied.
``keytab`` receives one principal per account: the account itself. Answer: ``{"computers": count}``.
"""

import importlib
import json
import os
import sys
from typing import Any

WORKSTATION_TRUST_ACCOUNT = 0x1000
NORMAL_ACCOUNT_THAT_NEVER_EXPIRES = 0x10200
AES_128_AND_256 = 24
"""``msDS-SupportedEncryptionTypes``; without it the KDC would offer RC4 alone."""

ldb: Any = importlib.import_module("ldb")
dnsp: Any = importlib.import_module("samba.dcerpc.dnsp")
records: Any = importlib.import_module("samba.provision.sambadns")
upgrade: Any = importlib.import_module("samba.upgradehelpers")
pack: Any = importlib.import_module("samba.ndr").ndr_pack
# Any: Samba's bindings have no types


def main() -> None:
    """Read the request, fill the domain, answer."""
    request: dict[str, Any] = json.load(sys.stdin)
    # Samba's libraries print to standard output: keep that apart from the answer
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    settings: Any = importlib.import_module("samba.param").LoadParm()
    settings.load(request["smb_conf"])
    session: Any = importlib.import_module("samba.auth").system_session(settings)
    sam: Any = importlib.import_module("samba.samdb").SamDB(session_info=session, lp=settings)
    if request["new_keys"]:
        renew_domain_keys(sam, settings, session)
    sam.transaction_start()
    try:
        set_administrator(sam, request)
        add_units(sam, request)
        complete_dc_account(sam, request)
        let_computers_read_policies(sam, request)
        for computer in request["computers"]:
            add_computer(sam, request, computer)
        add_address_records(sam, request)
    except BaseException:
        sam.transaction_cancel()
        raise
    sam.transaction_commit()
    export_keys(settings, request)
    json.dump({"computers": len(request["computers"])}, answer)
    answer.close()


def renew_domain_keys(sam: Any, settings: Any, session: Any) -> None:  # noqa: ANN401 - Samba's
    """Give a copied domain its own keys, so that no ticket of another lab counts here."""
    provisioning: Any = importlib.import_module("samba.provision")
    samba: Any = importlib.import_module("samba")
    paths = provisioning.provision_paths_from_lp(settings, settings.get("realm").lower())
    secrets_database = samba.Ldb(paths.secrets, session_info=session, lp=settings)
    names = provisioning.find_provision_key_parameters(
        sam, secrets_database, _idmap(paths, session, settings), paths, paths.smbconf, settings
    )
    sam.transaction_start()
    secrets_database.transaction_start()
    try:
        upgrade.update_krbtgt_account_password(sam)
        upgrade.update_machine_account_password(sam, secrets_database, names)
    except BaseException:
        secrets_database.transaction_cancel()
        sam.transaction_cancel()
        raise
    secrets_database.transaction_commit()
    sam.transaction_commit()


def _idmap(paths: Any, session: Any, settings: Any) -> Any:  # noqa: ANN401 - Samba's
    return importlib.import_module("samba.idmap").IDmapDB(
        paths.idmapdb, session_info=session, lp=settings
    )


def set_administrator(sam: Any, request: dict[str, Any]) -> None:  # noqa: ANN401 - Samba's
    """Set the Administrator's password, and keep it from expiring."""
    dn = ldb.Dn(sam, f"CN=Administrator,CN=Users,{request['domain_dn']}")
    change = ldb.Message(dn)
    change["clearTextPassword"] = ldb.MessageElement(
        request["admin_password"].encode("utf-16-le"), ldb.FLAG_MOD_REPLACE, "clearTextPassword"
    )
    change["userAccountControl"] = ldb.MessageElement(
        str(NORMAL_ACCOUNT_THAT_NEVER_EXPIRES), ldb.FLAG_MOD_REPLACE, "userAccountControl"
    )
    sam.modify(change)


def add_units(sam: Any, request: dict[str, Any]) -> None:  # noqa: ANN401 - Samba's
    """Add the organizational units."""
    for unit in request["units"]:
        dn = f"OU={unit},{request['domain_dn']}"
        sam.add({"dn": dn, "objectClass": "organizationalUnit"})


def complete_dc_account(sam: Any, request: dict[str, Any]) -> None:  # noqa: ANN401 - Samba's
    """Add the DC's service principal names, which Samba's own update service would add late.

    Take RC4 away from it too, as Windows Server 2025 does.
    """
    found = sam.search(
        base=request["domain_dn"],
        scope=ldb.SCOPE_SUBTREE,
        expression=f"(sAMAccountName={request['dc_account']})",
        attrs=["servicePrincipalName"],
    )
    present = {str(name).lower() for name in found[0]["servicePrincipalName"]}
    missing = [name for name in request["dc_service_names"] if name.lower() not in present]
    change = ldb.Message(found[0].dn)
    change["servicePrincipalName"] = ldb.MessageElement(
        missing, ldb.FLAG_MOD_ADD, "servicePrincipalName"
    )
    change["msDS-SupportedEncryptionTypes"] = ldb.MessageElement(
        str(AES_128_AND_256), ldb.FLAG_MOD_REPLACE, "msDS-SupportedEncryptionTypes"
    )
    sam.modify(change)


def let_computers_read_policies(sam: Any, request: dict[str, Any]) -> None:  # noqa: ANN401
    """Let computers read the IPsec policies, as the policy agent of a Windows member has to.

    Samba gives CN=IP Security the descriptor of Windows 2000, whose read right for Authenticated
    Users stops at the container; the objects below show their names and nothing else, as today's
    Windows domains show them to users. What Windows adds for its computers is added here.
    """
    descriptors: Any = importlib.import_module("samba.sd_utils").SDUtils(sam)
    container = f"CN=IP Security,CN=System,{request['domain_dn']}"
    for trustee in ("DC", "DD"):  # in SDDL: Domain Computers, Domain Controllers
        descriptors.dacl_add_ace(container, f"(A;CI;RPLCLORC;;;{trustee})")


def add_computer(sam: Any, request: dict[str, Any], computer: dict[str, Any]) -> None:  # noqa: ANN401
    """Add a computer account as a joined Windows host has it."""
    sam.add(
        {
            "dn": f"CN={computer['name'].upper()},OU={computer['unit']},{request['domain_dn']}",
            "objectClass": "computer",
            "sAMAccountName": computer["account"],
            "userAccountControl": str(WORKSTATION_TRUST_ACCOUNT),
            "dNSHostName": computer["fqdn"],
            "servicePrincipalName": computer["service_names"],
            "msDS-SupportedEncryptionTypes": str(AES_128_AND_256),
            "operatingSystem": computer["operating_system"],
            "clearTextPassword": computer["password"].encode("utf-16-le"),
        }
    )


def add_address_records(sam: Any, request: dict[str, Any]) -> None:  # noqa: ANN401 - Samba's
    """Add A records of the DC and of all computers, and the reverse zone with their PTRs."""
    domain_dn, dns_domain = request["domain_dn"], request["dns_domain"]
    address = request["dc_address"]
    forward = f"DC={dns_domain},CN=MicrosoftDNS,DC=DomainDnsZones,{domain_dn}"
    forest = f"DC=_msdcs.{dns_domain},CN=MicrosoftDNS,DC=ForestDnsZones,{domain_dn}"
    dc_name = request["dc_account"].rstrip("$").lower()
    apex = ldb.Message(ldb.Dn(sam, f"DC=@,{forward}"))
    apex["dnsRecord"] = ldb.MessageElement(
        pack(records.ARecord(address)), ldb.FLAG_MOD_ADD, "dnsRecord"
    )
    sam.modify(apex)
    for name in (dc_name, "DomainDnsZones", "ForestDnsZones"):
        records.add_host_record(sam, forward, f"DC={name}", address, None)
    records.add_host_record(sam, forest, "DC=gc", address, None)
    for computer in request["computers"]:
        records.add_host_record(sam, forward, f"DC={computer['name']}", computer["address"], None)
    add_reverse_zone(sam, request, f"{dc_name}.{dns_domain}")


def add_reverse_zone(sam: Any, request: dict[str, Any], dc_fqdn: str) -> None:  # noqa: ANN401
    """Add the zone of the lab's network with a name for every address."""
    zone = f"DC={request['reverse_zone']},CN=MicrosoftDNS,DC=DomainDnsZones,{request['domain_dn']}"
    sam.add(
        {
            "dn": zone,
            "objectClass": ["top", "dnsZone"],
            "dNSProperty": [pack(records.TypeProperty()), pack(records.AllowUpdateProperty())],
        }
    )
    records.add_at_record(
        sam, zone, "DC=@", dc_fqdn.partition(".")[0], request["dns_domain"], None, None
    )
    named = [(request["dc_address"], dc_fqdn)]
    named += [(computer["address"], computer["fqdn"]) for computer in request["computers"]]
    for address, fqdn in named:
        third, fourth = address.split(".")[2:]
        pointer = dnsp.DnssrvRpcRecord()
        pointer.wType = dnsp.DNS_TYPE_PTR
        pointer.rank = dnsp.DNS_RANK_ZONE
        pointer.dwSerial = 1
        pointer.dwTtlSeconds = 900
        pointer.data = fqdn
        sam.add(
            {
                "dn": f"DC={fourth}.{third},{zone}",
                "objectClass": ["top", "dnsNode"],
                "dnsRecord": pack(pointer),
            }
        )


def export_keys(settings: Any, request: dict[str, Any]) -> None:  # noqa: ANN401 - Samba's
    """Write the keys of every account into one keytab, under the account's own name."""
    importlib.import_module("samba.dckeytab")  # adds export_keytab to Net
    credentials: Any = importlib.import_module("samba.credentials").Credentials()
    network: Any = importlib.import_module("samba.net").Net(credentials, settings)
    accounts = [request["dc_account"], *(entry["account"] for entry in request["computers"])]
    os.umask(0o077)
    for account in accounts:
        network.export_keytab(keytab=request["keytab"], principal=f"{account}@{request['realm']}")


if __name__ == "__main__":
    main()
