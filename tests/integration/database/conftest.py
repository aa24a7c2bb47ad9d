from tests.contract.conftest import stores

__all__ = ["stores"]
