"""
Bare signatures: how many a core can make at most.

Uses `cryptography`, with which Gatekey and the Python peers sign, in a process of its own: OpenSSL looks at the
processor and its environment once, when it is loaded. `python -m benchmarks.token_endpoint.limits RS256 1` prints one
figure.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from benchmarks.token_endpoint.processes import NotAvailable, clean_environment

MESSAGE = bytes(720)
"""About what stands before the second dot of a Gatekey token."""

WARM_UP = 50
"""Signatures before the clock starts: the first ones of a key prepare blinding and tables."""

GRACE_SECONDS = 20.0
REPOSITORY = Path(__file__).resolve().parents[2]


def measure_limit(algorithm: str, core: int, seconds: float, settings: Mapping[str, str]) -> float:
    """
    Return signatures per CPU-second of `core`; `settings` join the environment. Raises `NotAvailable`.
    """
    command = ["taskset", "-c", str(core), sys.executable, "-m", __spec__.name, algorithm, str(seconds)]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**clean_environment(), **settings},
        capture_output=True,
        text=True,
        timeout=seconds + GRACE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise NotAvailable(f"bare {algorithm} signatures failed: {done.stderr.strip()[-200:]}")
    return float(done.stdout)


def _signer(algorithm: str) -> Callable[[], object]:
    match algorithm:
        case "RS256":
            rsa_key = rsa.generate_private_key(65_537, 2048)
            return lambda: rsa_key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
        case "ES256":
            p256 = ec.generate_private_key(ec.SECP256R1())
            return lambda: p256.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
        case "EdDSA":
            edwards = ed25519.Ed25519PrivateKey.generate()
            return lambda: edwards.sign(MESSAGE)
        case _:
            raise ValueError(f"no such algorithm: {algorithm}")


def _rate(algorithm: str, seconds: float) -> float:
    sign = _signer(algorithm)
    for _ in range(WARM_UP):
        sign()
    count, started, end = 0, time.process_time(), time.monotonic() + seconds
    while time.monotonic() < end:
        sign()
        count += 1
    return count / (time.process_time() - started)


if __name__ == "__main__":
    sys.stdout.write(f"{_rate(sys.argv[1], float(sys.argv[2]))}\n")
