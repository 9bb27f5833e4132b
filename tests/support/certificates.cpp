#include "tests/support/certificates.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

namespace outrider::test {
namespace {

using key_pointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using certificate_pointer = std::unique_ptr<X509, decltype(&X509_free)>;
using file_pointer = std::unique_ptr<FILE, decltype(&fclose)>;

file_pointer open_file(const std::string& path, const char* mode) {
    file_pointer file(std::fopen(path.c_str(), mode), fclose);
    if (!file) throw std::runtime_error("cannot open " + path);
    return file;
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free);
    if (!extension) throw std::runtime_error("bad extension " + value);
    X509_add_ext(certificate, extension.get(), -1);
}

certificate_pointer new_certificate(const std::string& name, EVP_PKEY* key) {
    static long serial = 1;
    certificate_pointer out(X509_new(), X509_free);
    X509_set_version(out.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_pubkey(out.get(), key);
    return out;
}

certificate_files write(const temporary_folder& folder, const std::string& name, X509* certificate, EVP_PKEY* key) {
    certificate_files files{folder / (name + ".pem"), folder / (name + ".key")};
    PEM_write_X509(open_file(files.certificate, "w").get(), certificate);
    PEM_write_PrivateKey(open_file(files.key, "w").get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return files;
}

}  // namespace

certificate_authority::certificate_authority(const temporary_folder& folder, const std::string& name)
    : folder_(folder) {
    key_pointer key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    auto certificate = new_certificate(name, key.get());
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
    extend(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    own_ = write(folder, name, certificate.get(), key.get());
}

certificate_files certificate_authority::issue(const std::string& name, const std::string& subject_alt_name) const {
    certificate_pointer issuer(PEM_read_X509(open_file(own_.certificate, "r").get(), nullptr, nullptr, nullptr),
                               X509_free);
    key_pointer issuer_key(PEM_read_PrivateKey(open_file(own_.key, "r").get(), nullptr, nullptr, nullptr),
                           EVP_PKEY_free);
    key_pointer key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    auto certificate = new_certificate(name, key.get());
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
    extend(certificate.get(), issuer.get(), NID_subject_alt_name, subject_alt_name);
    X509_sign(certificate.get(), issuer_key.get(), EVP_sha256());
    return write(folder_, name, certificate.get(), key.get());
}

}  // namespace outrider::test
