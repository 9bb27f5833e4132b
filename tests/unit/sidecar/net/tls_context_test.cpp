#include "sidecar/net/tls_context.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/certificates.hpp"

namespace outrider::net {
namespace {

std::string failure_of(const config::tls_client& settings) {
    try {
        tls_context{settings};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return {};
}

TEST(TlsContext, NamesTheFileThatIsMissing) {
    EXPECT_EQ(failure_of({.ca = "/no/such/ca.pem"}),
              "cannot read CA certificates from /no/such/ca.pem: No such file or directory");
    EXPECT_NE(failure_of({.certificate = "/no/such/me.pem"}).find("/no/such/me.pem: No such file"), std::string::npos);
}

TEST(TlsContext, NamesTheFileThatIsNoCertificate) {
    test::temporary_folder folder;
    const auto path = folder / "nonsense.pem";
    std::ofstream(path) << "hello\n";
    EXPECT_NE(failure_of({.ca = path}).find(path), std::string::npos);
}

TEST(TlsContext, RefusesAKeyOfAnotherCertificate) {
    test::temporary_folder folder;
    test::certificate_authority ca(folder, "ca");
    const auto one = ca.issue("one", "DNS:one"), two = ca.issue("two", "DNS:two");
    EXPECT_NE(failure_of({.certificate = one.certificate, .key = two.key}).find(two.key), std::string::npos);
}

TEST(TlsContext, NewConnectionsVerifyAndNameTheHost) {
    tls_context context(config::tls_client{});
    const auto ssl = context.new_connection("orders.example");
    EXPECT_STREQ(SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name), "orders.example");
    EXPECT_EQ(SSL_get_verify_mode(ssl.get()), SSL_VERIFY_PEER);
    EXPECT_GE(SSL_get_min_proto_version(ssl.get()), TLS1_2_VERSION);
    EXPECT_EQ(SSL_get_servername(context.new_connection("::1").get(), TLSEXT_NAMETYPE_host_name), nullptr);
}

TEST(TlsContext, ReloadsChangedFilesAndKeepsTheLastGoodOnes) {
    test::temporary_folder folder;
    test::certificate_authority ca(folder, "ca"), other(folder, "other");
    const auto path = folder / "trusted.pem";
    std::filesystem::copy_file(ca.certificate(), path);
    tls_context context(config::tls_client{.ca = path});
    const auto first = context.current();

    std::ofstream(path) << "broken";
    EXPECT_NE(context.reload_if_changed().find(path), std::string::npos);
    EXPECT_EQ(context.current(), first);

    std::filesystem::copy_file(other.certificate(), path, std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(context.reload_if_changed(), "") << "within the same second nobody looks";
    EXPECT_EQ(context.current(), first);
    EXPECT_EQ(context.reload(), "");
    EXPECT_NE(context.current(), first);
}

}  // namespace
}  // namespace outrider::net
