"""A certificate authority of one test's own, made with the openssl program."""
import ssl
import subprocess


class Authority:
    """`ca` is the PEM file of its root; `issue` makes (certificate, key) files for a name."""

    def __init__(self, folder, name="Test CA"):
        self.folder, self.ca, self.key = folder, folder / "ca.pem", folder / "ca.key"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                     "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.ca)

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def issue(self, name, alternative=None):
        certificate, key, request = (self.folder / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative or 'DNS:' + name}\n")
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", key, "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
                     "-extfile", extensions, "-out", certificate)
        return certificate, key

    def server(self, name, alternative=None, ask_for_client=False):
        """An SSLContext of a server with this name; `names` of the handshakes' SNI are kept in `context.asked_for`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, alternative))
        if ask_for_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        context.asked_for = []
        context.sni_callback = lambda _, server_name, __: context.asked_for.append(server_name)
        return context
