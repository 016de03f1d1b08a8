"""The schedules of other programs: systemd's units, cron's tables, the tasks of Windows.

Each module speaks to one of them: what is put there is made by ``planning.schedule``, what it
answers is read by numbers, codes and fixed words, never by sentences. Kubernetes is not spoken to:
its manifest is a file, and kubectl is yours.
"""
