"""The proof begins where a running case stands, with what its history has done (V1, M9)."""

from tests.proof.test_conformance import *
