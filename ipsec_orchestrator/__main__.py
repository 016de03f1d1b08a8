"""``python -m ipsec_orchestrator``."""

from ipsec_orchestrator.cli import main

if __name__ == "__main__":
    main()
