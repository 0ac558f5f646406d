# SPDX-License-Identifier: Apache-2.0
"""Certificates for upstreams, good and bad, made with the openssl command."""

import pathlib
import subprocess


def _openssl(*words, stdin=None):
    done = subprocess.run(["openssl", *map(str, words)], input=stdin, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, words))}: {done.stderr.decode()}")
    return done.stdout


class Identity:
    """A key and its certificate as files; `chain` is what a server presents."""

    def __init__(self, key, certificate, chain):
        self.key, self.certificate, self.chain = key, certificate, chain


class Authority:
    """Makes roots, intermediates and leaves in a folder of its own."""

    def __init__(self, folder, name="recorder root", *, days=30, extensions=None, key="P-256"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._serial = 0
        self.key = self._make_key("root", key)
        self.certificate = self.folder / "root.pem"
        text = extensions or "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n" \
                             "subjectKeyIdentifier=hash\n"
        config = self._config("root", text, f"/CN={name}")
        _openssl("req", "-x509", "-new", "-key", self.key, "-out", self.certificate, "-days", days,
                 "-subj", f"/CN={name}", "-sha256", "-config", config, "-extensions", "ext")

    def _make_key(self, label, kind):
        path = self.folder / f"{label}.key"
        if kind.startswith("rsa:"):
            _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind[4:]}", "-out", path)
        else:
            _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{kind}", "-out", path)
        return path

    def _config(self, label, extensions, subject):
        del subject
        path = self.folder / f"{label}.cnf"
        path.write_text("[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=unused\n[ext]\n" + extensions)
        return path

    def leaf(self, names=(), *, label=None, subject=None, issuer=None, days=30, not_before=None, not_after=None,
             san=None, usage="serverAuth", extra="", digest="sha256", key="P-256", is_ca=False, chain=(),
             key_usage="digitalSignature,keyEncipherment"):
        """A certificate for `names` (DNS), or with `san` (openssl syntax) instead; "" leaves it out."""
        self._serial += 1
        label = label or f"leaf{self._serial}"
        subject = subject if subject is not None else f"/CN={names[0] if names else label}"
        if san is None:
            san = ",".join(f"DNS:{name}" for name in names)
        text = f"basicConstraints=critical,CA:{'TRUE' if is_ca else 'FALSE'}\nkeyUsage=critical,{key_usage}\n"
        text += f"extendedKeyUsage={usage}\n" if usage else ""
        text += f"subjectAltName={san}\n" if san else ""
        text += "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n" + extra
        config = self._config(label, text, subject)
        path = self._make_key(label, key)
        request, certificate = self.folder / f"{label}.csr", self.folder / f"{label}.pem"
        _openssl("req", "-new", "-key", path, "-out", request, "-subj", subject, "-config", config)
        signer = issuer or Identity(self.key, self.certificate, self.certificate)
        if not_before or not_after:
            self._sign_dated(request, certificate, signer, config, not_before, not_after, digest)
        else:
            _openssl("x509", "-req", "-in", request, "-out", certificate, "-CA", signer.certificate, "-CAkey",
                     signer.key, "-set_serial", str(1000 + self._serial), "-days", days, f"-{digest}",
                     "-extfile", config, "-extensions", "ext")
        presented = self.folder / f"{label}.chain.pem"
        presented.write_bytes(certificate.read_bytes() + b"".join(pathlib.Path(c).read_bytes() for c in chain))
        return Identity(path, certificate, presented)

    def _sign_dated(self, request, certificate, signer, config, not_before, not_after, digest):
        """`openssl ca` is the only command of 3.0 that takes dates (YYYYMMDDHHMMSSZ)."""
        base = self.folder / f"ca-{self._serial}"
        base.mkdir()
        (base / "index").write_text("")
        (base / "serial").write_text(f"{1000 + self._serial:04X}\n")
        settings = base / "ca.cnf"
        settings.write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={base}/index\nserial={base}/serial\nnew_certs_dir={base}\n"
            f"default_md={digest}\npolicy=p\n[p]\ncommonName=optional\n")
        _openssl("ca", "-batch", "-notext", "-config", settings, "-in", request, "-out", certificate, "-cert",
                 signer.certificate, "-keyfile", signer.key, "-extfile", config, "-extensions", "ext",
                 "-startdate", not_before or "20200101000000Z", "-enddate", not_after or "20400101000000Z")
