"""When and where an attribute was changed, asked of a real DC that another client wrote to."""

from datetime import UTC, datetime, timedelta

import pytest

from ipsec_orchestrator.adapters.ldap import LdapDirectory
from ipsec_orchestrator.codec.replication_metadata import (
    REPLICATION_METADATA,
    decode_replication_metadata,
)
from ipsec_orchestrator.facts.change_origins import (
    read_attribute_ids,
    read_invocation_ids,
    read_origin_reader,
)
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.tools import run_in_lab, samba_client_options
from ipsec_orchestrator.model.directory import Attributes, Scope

pytestmark = [pytest.mark.lab]


def test_every_attribute_of_the_default_objects_is_recognised(
    real_directory: LdapDirectory,
) -> None:
    """All metadata of the default IPsec objects belongs to attributes that the schema names."""
    base = f"CN=IP Security,CN=System,{real_directory.names().domain_dn}"
    objects = list(real_directory.search(base, Scope.CHILDREN, "(cn=*)", ("*",)))
    names = {name for entry in objects for name in entry.attributes}
    # Stored without being shown to a reader of "*".
    names |= {"nTSecurityDescriptor", "instanceType", "objectCategory", "isCriticalSystemObject"}
    known = set(read_attribute_ids(real_directory, sorted(names)).values())
    stored = set[int]()
    for entry in objects:
        read = real_directory.read(entry.dn, (REPLICATION_METADATA,))
        assert read is not None
        (value,) = read.attributes.values_of(REPLICATION_METADATA)
        stored |= {change.attribute_id for change in decode_replication_metadata(value)}

    assert len(objects) > 20
    assert stored
    assert stored <= known


def test_change_by_another_client_has_a_time_and_a_place(
    real_domain: Domain, real_directory: LdapDirectory
) -> None:
    """Each change by another client counts one version more, on this DC, at this time."""
    dn = f"CN=origin,CN=IP Security,CN=System,{real_directory.names().domain_dn}"
    real_directory.add(
        dn, Attributes.of_text(objectClass="ipsecFilter", description="a", ipsecName="n")
    )
    try:
        for word in ("b", "c"):
            change = real_domain.layout.root / "change.ldif"
            change.write_text(
                f"dn: {dn}\nchangetype: modify\nreplace: description\ndescription: {word}\n",
                encoding="utf-8",
            )
            url = f"ldap://{real_domain.layout.dc_fqdn}"
            options = samba_client_options(real_domain.layout)
            run_in_lab(real_domain.layout, ("ldbmodify", "-H", url, *options, str(change)))
        names = ("description", "IPSECNAME", "ipsecData", "noSuchAttribute")
        entry = real_directory.read(dn, (REPLICATION_METADATA,))
        assert entry is not None
        origins = read_origin_reader(real_directory, names).origins(entry)
    finally:
        real_directory.delete(dn)

    assert set(origins) == {"description", "ipsecname"}
    description, name = origins["description"], origins["ipsecname"]
    assert (description.version, name.version) == (3, 1)
    assert description.controller == real_domain.layout.dc_fqdn
    assert read_invocation_ids(real_directory) == {
        description.invocation_id: real_domain.layout.dc_fqdn
    }
    assert description.time is not None
    assert abs(datetime.now(tz=UTC) - description.time) < timedelta(minutes=5)
    assert description.usn > name.usn


def test_object_read_without_metadata_has_no_origins(real_directory: LdapDirectory) -> None:
    """Nothing is known about an object whose metadata was not given."""
    dn = f"CN=IP Security,CN=System,{real_directory.names().domain_dn}"
    entry = real_directory.read(dn, ("cn",))

    assert entry is not None
    assert read_origin_reader(real_directory, ("cn",)).origins(entry) == {}
