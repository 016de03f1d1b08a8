"""Schedules of other programs, as text: what is to run, how often, and what has to be written.

Values in, text out: systemd units, lines for cron, a task of Windows, a manifest for Kubernetes.
Each module knows the quoting of one of them. ``checking`` refuses what would not work there before
anything is written; ``mark`` writes the schedule into what is made from it, so that it can be
known again. Putting the text where the system looks is the business of ``adapters.schedulers``.
"""
