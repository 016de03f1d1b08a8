"""Being on watch: what may be done about differences, and the plan that does it.

* ``handling``: the word of the playbook for one difference.
* ``decision``: what one pass does, after everything that may stop it was asked.
* ``repair``: the plan that brings back what the last run left, and nothing else.
* ``afterwards``: what the record of the last run becomes by a repair.
"""
