"""The embedded domain of the lab: a real Samba AD domain controller on loopback.

Nothing is imported here: `layout` and `prerequisites` work on every platform, the rest leans on
Linux. What the rest of the lab uses:

* ``prerequisites.missing_prerequisites(folder)``: what this machine lacks, one value each with a
  sentence and a cure; ``prerequisites.install_missing(...)`` installs the packages.
* ``claim.claim_layout(state_dir, name)`` gives a ``layout.LabLayout``: paths, names and addresses
  of one lab on its own loopback block 127.N.0.0/16 (N from 50 to 249, the domain controller on
  127.N.0.1, members from 127.N.1.1 on). ``claim.open_layout`` opens an existing one.
* ``domain.Domain.create(layout, hosts)`` provisions the domain with the accounts, keys and DNS
  records of ``hosts`` (``layout.DomainHost``); ``Domain.open(layout)`` takes an existing one.
  ``start()``, ``stop()``, ``reset()`` (back to freshly provisioned), ``destroy()``.
* ``kerberos.renew_admin_ticket(layout)`` renews the lab's credential cache in one atomic step.
  ``KRB5_CONFIG=layout.krb5_conf`` and ``KRB5CCNAME=FILE:layout.ccache`` are all a client needs.
* For the simulated hosts: ``layout.keytab`` (``KRB5_KTNAME``), ``layout.ntlm_user_file``
  (``NTLM_USER_FILE``), ``layout.certificate(name)`` and ``layout.private_key(name)``, and
  ``certificates.WRONG_NAME``, a certificate for a name that no host has.

Samba runs under a guard in private process and mount namespaces: whatever happens to the process
that started it, no process, mount, port or file outside the lab's folder survives it. ``/etc`` is
never written to. ``samba_side`` holds the scripts that run under Debian's own Python, which has
Samba's bindings.
"""
