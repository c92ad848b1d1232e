"""A webhook reaches public addresses over https and nothing else, however the address is spelled or what its name means later."""

import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tessera.webhooks import addresses, posting
from tessera.webhooks.addresses import Refusal, Target, check_url, may_be_reached, read_url, resolve
from tessera.webhooks.tests.receiver import Names, Receiver, dripping, gushing, redirecting

LOOPBACK = [
    "https://127.0.0.1/",
    "https://127.0.0.1:8443/in",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.1/",
    "https://017700000001/",
    "https://127.255.255.254/",
    "https://0.0.0.0/",
    "https://0/",
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
]
PRIVATE = [
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://192.168.1.1:443/",
    "https://3232235777/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://169.254.169.254/latest/meta-data/",
    "https://0xa9fea9fe/",
    "https://2852039166/",
    "https://169.254.170.2/",
    "https://192.0.0.192/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25lo]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[2001:db8::1]/",
]
MISSPELLED = [
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "javascript:alert(1)",
    "//hooks.example.com/",
    "https://",
    "https:///in",
    "https://user@hooks.example.com/",
    "https://user:word@127.0.0.1/",
    "https://hooks.example.com@127.0.0.1/",
    "https://hooks.example.com/#in",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:x/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com/\r\nX-Injected: 1",
    "https://hooks.example.com/a b",
    "https://[::1/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "https://hooks.example.com/" + "a" * 2000,
]


@pytest.fixture
def sink(monkeypatch):
    """Return a receiver that must not be reached: whatever is refused is refused before anybody is connected to."""
    receiver = Receiver()
    connected = []
    monkeypatch.setattr(posting._Plain, "connect", lambda self, address: connected.append(address))
    yield receiver
    receiver.close()
    assert (connected, receiver.connections) == ([], 0)


@pytest.mark.parametrize("url", LOOPBACK + PRIVATE + MISSPELLED)
def test_an_address_that_is_not_public_is_never_connected_to(sink, url):
    outcome = posting.post(url, b"{}", {})
    assert outcome.status is None and outcome.error.startswith("refused: ")


@pytest.mark.parametrize("url", [each for each in LOOPBACK + PRIVATE if "[" in each or each.count(".") == 3] + MISSPELLED)
def test_most_of_them_are_refused_when_they_are_written_down(url):
    with pytest.raises(Refusal):
        check_url(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"])
def test_public_addresses_are_reached(address):
    assert may_be_reached(address)


def test_a_name_with_one_address_that_is_not_public_is_refused(monkeypatch, sink):
    monkeypatch.setattr(addresses.socket, "getaddrinfo", Names([["93.184.216.34", "10.0.0.1"]]))
    assert posting.post("https://hooks.example.com/", b"{}", {}).error == "refused: the host is not a public one"


def test_a_name_is_asked_once_and_what_it_means_later_does_not_matter(monkeypatch):
    names = Names([["93.184.216.34"], ["127.0.0.1"]])
    monkeypatch.setattr(addresses.socket, "getaddrinfo", names)
    connected = []

    def connect(self, address):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(posting._Plain, "connect", connect)
    assert posting.post("https://hooks.example.com/", b"{}", {}).error.startswith("ConnectionRefusedError")
    assert (names.asked, connected) == (["hooks.example.com"], [("93.184.216.34", 443)])


def test_a_name_that_is_not_found_is_said_so(monkeypatch):
    def unknown(*arguments, **options):
        raise socket.gaierror

    monkeypatch.setattr(addresses.socket, "getaddrinfo", unknown)
    assert posting.post("https://hooks.example.com/", b"{}", {}).error == "refused: the host is not found: gaierror"


def test_loopback_is_for_a_machine_of_ones_own(settings):
    settings.TESSERA_WEBHOOKS_TO_LOOPBACK = True
    assert resolve(read_url("http://127.0.0.1:8001/in")).addresses == ("127.0.0.1",)
    for url in ("http://10.0.0.1/", "http://hooks.example.com/", "https://10.0.0.1/"):
        with pytest.raises(Refusal):
            resolve(read_url(url))


@pytest.fixture
def receiver(settings):
    settings.TESSERA_WEBHOOKS_TO_LOOPBACK = True
    made = Receiver()
    yield made
    made.close()


def test_a_redirect_is_an_answer_and_is_not_followed(receiver):
    second = Receiver()
    receiver.answer = redirecting(second.url)
    outcome = posting.post(receiver.url, b"{}", {})
    assert (outcome.status, outcome.is_done, len(receiver.got), second.connections) == (307, False, 1, 0)
    second.close()


def test_of_a_large_answer_two_kilobytes_are_read(receiver):
    receiver.answer = gushing
    outcome = posting.post(receiver.url, b"{}", {})
    assert (outcome.status, outcome.body) == (200, "x" * 2048)


def test_who_answers_a_byte_at_a_time_is_left(receiver, monkeypatch):
    monkeypatch.setattr(posting, "TOTAL", 0.4)
    receiver.answer = dripping
    outcome = posting.post(receiver.url, b"{}", {})
    assert outcome.status is None and outcome.error.startswith("TimeoutError")


@pytest.fixture
def secure(receiver, monkeypatch, tmp_path):
    """Have the receiver speak TLS with a certificate for hooks.example.com that we trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example.com")])
    now = datetime.now(tz=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
    certificate = made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    (tmp_path / "both.pem").write_bytes(certificate + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "both.pem")
    receiver.socket = server.wrap_socket(receiver.socket, server_side=True)
    trusted = posting._trust.__wrapped__()
    trusted.load_verify_locations(cadata=certificate.decode())
    monkeypatch.setattr(posting, "_trust", lambda: trusted)
    return receiver


def over_tls(receiver, host="hooks.example.com", seconds=5.0):
    target = Target("https", host, receiver.server_port, "/in?x=1", ("127.0.0.1",))
    return posting._exchange(target, b'{"a":1}', {"x-a": "b"}, time.monotonic() + seconds)


def test_the_certificate_is_of_the_name_that_was_asked_for_though_the_address_is_pinned(secure):
    assert over_tls(secure) == (200, "ok")
    (sent,) = secure.got
    assert (sent.path, sent.body, sent.headers["host"]) == ("/in?x=1", b'{"a":1}', f"hooks.example.com:{secure.server_port}")
    with pytest.raises(ssl.SSLCertVerificationError):
        over_tls(secure, host="other.example.com")


def test_the_time_is_kept_over_tls_as_well(secure):
    secure.answer = dripping
    with pytest.raises(TimeoutError):
        over_tls(secure, seconds=0.5)


def test_who_takes_no_connection_is_an_outcome(receiver):
    receiver.close()
    assert posting.post(receiver.url, b"{}", {}).error.startswith("ConnectionRefusedError")
