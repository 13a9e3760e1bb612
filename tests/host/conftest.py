from lab_fixtures import lab_host

__all__ = ["lab_host"]
