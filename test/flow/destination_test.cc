// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/destination.h"

#include <array>

#include <catch2/catch.hpp>

#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

const std::string kBound = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: h.example.test } ]
)";
const std::string kDeny = "unmatched_destination_policy: deny" + kBound;

http::RequestHead head_of(const std::string& text) {
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step = decoder.next(text);
  INFO(text);
  REQUIRE(step.kind == http::Step::Kind::head);
  return decoder.take_request();
}

Route route_of(const std::string& text, const std::string& yaml = kDeny) {
  return route(head_of(text), *test::bindings_of(yaml));
}

bool is_refused(const Route& found, Reason reason) {
  return found.kind == Route::Kind::refuse && found.reason == reason;
}

std::optional<Reason> tunnelled(const std::string& text, const std::string& server_name = "") {
  const TunnelIdentity tunnel{{Protocol::https, {"h.example.test", 443, http::HostKind::name}},
                              server_name};
  return check_tunnelled(head_of(text), tunnel, *test::bindings_of(kDeny));
}

}  // namespace

TEST_CASE("C02 C16 B26 B29 CONNECT to a bound host is intercepted, however its name is written",
          "[I3]") {
  for (const char* name : {"h.example.test:443", "H.EXAMPLE.TEST:443", "h.example.test.:443"}) {
    const Route found = route_of("CONNECT " + std::string(name) + " HTTP/1.1\r\n\r\n");
    CHECK(found.kind == Route::Kind::intercept);
    CHECK(found.destination.authority.host == "h.example.test");
  }
}

TEST_CASE("while Binance is bound its WebSocket API, which takes orders unjudged, is closed") {
  const std::string yaml = R"(
version: 1
secrets:
  B:
    placeholder: BINANCE_PLACEHOLDER_000000001
    inject: { type: binance, api_key: BK, api_secret: BS }
    bindings: [ { hosts: binance.spot } ]
)";
  for (const std::string host : {"ws-api.binance.com:443",
                                 "ws-api.binance.com:9443",
                                 "ws-fapi.binance.com:443",
                                 "bpay.binanceapi.com:443"}) {
    CHECK(is_refused(route_of("CONNECT " + host + " HTTP/1.1\r\n\r\n", yaml),
                     Reason::endpoint_blocked));
    CHECK(is_refused(
        route_of("GET https://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\n\r\n", yaml),
        Reason::endpoint_blocked));
  }
  // Streams carry no key.
  CHECK(route_of("CONNECT stream.binance.com:9443 HTTP/1.1\r\n\r\n", yaml).kind ==
        Route::Kind::tunnel);
  CHECK(route_of("CONNECT ws-api.binance.com:443 HTTP/1.1\r\n\r\n", kBound).kind ==
        Route::Kind::tunnel);
}

TEST_CASE("B24 B27 B30 C03 what no binding names is refused under deny") {
  CHECK(is_refused(route_of("CONNECT x.example:443 HTTP/1.1\r\n\r\n"),
                   Reason::unmatched_destination));
  CHECK(is_refused(route_of("CONNECT evil-h.example.test:443 HTTP/1.1\r\n\r\n"),
                   Reason::unmatched_destination));
  CHECK(is_refused(route_of("CONNECT h.example.test.evil:443 HTTP/1.1\r\n\r\n"),
                   Reason::unmatched_destination));
  CHECK(is_refused(route_of("CONNECT h.example.test:8443 HTTP/1.1\r\n\r\n"),
                   Reason::unmatched_destination));
  CHECK(is_refused(route_of("GET http://x.example/ HTTP/1.1\r\nHost: x.example\r\n\r\n"),
                   Reason::unmatched_destination));
}

TEST_CASE("N05 what no binding names is tunnelled, or read if all TLS is to be terminated") {
  CHECK(route_of("CONNECT x.example:443 HTTP/1.1\r\n\r\n", kBound).kind == Route::Kind::tunnel);
  CHECK(route_of("CONNECT x.example:443 HTTP/1.1\r\n\r\n", "tls_termination: all" + kBound).kind ==
        Route::Kind::intercept);
}

TEST_CASE("C13 the Host of a CONNECT chooses nothing", "[I3]") {
  CHECK(is_refused(route_of("CONNECT x.example:443 HTTP/1.1\r\nHost: h.example.test\r\n\r\n"),
                   Reason::unmatched_destination));
  CHECK(is_refused(route_of("CONNECT h.example.test:443 HTTP/1.1\r\nHost: x.example:443\r\n\r\n"),
                   Reason::identity_mismatch));
  CHECK(route_of("CONNECT h.example.test:443 HTTP/1.1\r\nHost: h.example.test\r\n\r\n").kind ==
        Route::Kind::intercept);
}

TEST_CASE("a Host of a CONNECT that names the listener counts as none", "[I3]") {
  static constexpr std::array<std::uint16_t, 2> kOwnPorts = {9000, 8472};
  const auto connect = [](const std::string& target, const std::string& host) {
    return route(head_of("CONNECT " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"),
                 *test::bindings_of(kDeny),
                 kOwnPorts);
  };
  for (const std::string own : {"127.0.0.1:8472",
                                "localhost:8472",
                                "LOCALHOST:8472",
                                "[::1]:8472",
                                "host.docker.internal:9000"}) {
    INFO(own);
    const Route found = connect("h.example.test:443", own);
    CHECK(found.kind == Route::Kind::intercept);
    CHECK(found.destination.authority.host == "h.example.test");
    // It chooses nothing, and lets nobody in.
    CHECK(is_refused(connect("x.example:443", own), Reason::unmatched_destination));
    CHECK(is_refused(route_of("CONNECT h.example.test:443 HTTP/1.1\r\nHost: " + own + "\r\n\r\n"),
                     Reason::identity_mismatch));
    CHECK(is_refused(
        route(head_of("GET https://h.example.test/ HTTP/1.1\r\nHost: " + own + "\r\n\r\n"),
              *test::bindings_of(kDeny),
              kOwnPorts),
        Reason::identity_mismatch));
  }
  for (const std::string other : {"127.0.0.1",
                                  "127.0.0.1:443",
                                  "127.0.0.2:8472",
                                  "0.0.0.0:8472",
                                  "localhost",
                                  "a.localhost:8472",
                                  "x.example:8472"}) {
    INFO(other);
    CHECK(is_refused(connect("h.example.test:443", other), Reason::identity_mismatch));
  }
}

TEST_CASE("C14 an origin-form request to the listener is refused") {
  CHECK(is_refused(route_of("GET /x HTTP/1.1\r\nHost: h.example.test\r\n\r\n"),
                   Reason::malformed_request));
}

TEST_CASE("X01 an absolute-form https request goes the way of CONNECT", "[I3]") {
  const Route found =
      route_of("GET https://h.example.test/v1?x=1 HTTP/1.1\r\nHost: h.example.test\r\n\r\n");
  CHECK(found.kind == Route::Kind::forward);
  CHECK(found.destination ==
        Destination{Protocol::https, {"h.example.test", 443, http::HostKind::name}});
  CHECK(is_refused(route_of("GET https://h.example.test/ HTTP/1.1\r\nHost: other.example\r\n\r\n"),
                   Reason::identity_mismatch));
}

TEST_CASE("C12 an absolute form is not overruled by Host", "[I3]") {
  CHECK(is_refused(route_of("GET http://x.example/ HTTP/1.1\r\nHost: h.example.test\r\n\r\n"),
                   Reason::unmatched_destination));
  CHECK(
      is_refused(route_of("GET http://x.example/ HTTP/1.1\r\nHost: h.example.test\r\n\r\n", kBound),
                 Reason::identity_mismatch));
}

TEST_CASE("N07 N09 health has one path on its own host") {
  CHECK(route_of("GET http://healthz.keyswap.invalid/healthz HTTP/1.1\r\nHost: "
                 "healthz.keyswap.invalid\r\n\r\n")
            .kind == Route::Kind::health);
  CHECK(is_refused(route_of("GET http://healthz.keyswap.invalid/x HTTP/1.1\r\nHost: "
                            "healthz.keyswap.invalid\r\n\r\n"),
                   Reason::unmatched_destination));
  for (const std::string method : {"GET", "HEAD"}) {
    CHECK(route_of(method + " /healthz HTTP/1.1\r\nHost: 127.0.0.1:8472\r\n\r\n").kind ==
          Route::Kind::health);
  }
}

TEST_CASE("who looks at the listener itself finds a page there, and nothing beside it") {
  const std::string host = " HTTP/1.1\r\nHost: 127.0.0.1:8472\r\n\r\n";
  CHECK(route_of("GET /" + host).kind == Route::Kind::front_page);
  CHECK(route_of("HEAD /" + host).kind == Route::Kind::front_page);
  for (const std::string line : {"GET /x", "POST /", "GET //", "GET /?"}) {
    CAPTURE(line);
    const Route route = route_of(line + host);
    CHECK(is_refused(route, Reason::malformed_request));
    CHECK(route.cause == base::Cause::no_such_page);
  }
}

TEST_CASE("C10 a request in a tunnel that names the tunnel's host is let on", "[I3]") {
  CHECK(tunnelled("GET / HTTP/1.1\r\nHost: h.example.test\r\n\r\n") == std::nullopt);
  CHECK(tunnelled("GET / HTTP/1.1\r\nHost: H.Example.Test:443\r\n\r\n", "h.EXAMPLE.test") ==
        std::nullopt);
}

TEST_CASE("an address of IPv6 is named in a tunnel as a Host field writes it", "[I3]") {
  const auto tunnelled_by = [](const std::string& host) {
    const TunnelIdentity tunnel{{Protocol::https, {"::1", 443, http::HostKind::ipv6}}, ""};
    return check_tunnelled(head_of("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"),
                           tunnel,
                           *test::bindings_of(kBound));
  };
  CHECK(tunnelled_by("[::1]") != Reason::identity_mismatch);
  CHECK(tunnelled_by("[::1]:443") != Reason::identity_mismatch);
  CHECK(tunnelled_by("::1") == Reason::identity_mismatch);
}

TEST_CASE("C08 C09 C11 C23 any other name in a tunnel is refused", "[I3]") {
  for (const char* host : {"x.example", "h.example.test:8443", "h.example.tes", "127.0.0.1"}) {
    CHECK(tunnelled("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") ==
          Reason::identity_mismatch);
  }
  CHECK(tunnelled("GET / HTTP/1.1\r\nHost: h.example.test\r\n\r\n", "x.example") ==
        Reason::identity_mismatch);
}

TEST_CASE("C24 HP-02 an absolute form in a tunnel is read, and names the tunnel's own place",
          "[I3]") {
  const auto asked = [](const std::string& target, const std::string& host = "h.example.test") {
    return tunnelled("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  };
  CHECK(asked("https://h.example.test/v1?x") == std::nullopt);
  CHECK(asked("HTTPS://H.example.TEST.:443") == std::nullopt);
  CHECK(asked("https://x.example/") == Reason::identity_mismatch);
  CHECK(asked("https://h.example.test:8443/") == Reason::identity_mismatch);
  CHECK(asked("http://h.example.test/") == Reason::identity_mismatch);
  CHECK(asked("http://h.example.test:443/") == Reason::identity_mismatch);
  CHECK(asked("https://h.example.test/", "x.example") == Reason::identity_mismatch);
  CHECK(asked("https://user@h.example.test/") == Reason::malformed_request);
  CHECK(asked("https://h.example.test/%00") == Reason::malformed_request);
  CHECK(asked("ftp://h.example.test/") == Reason::malformed_request);
}

TEST_CASE("HP-02 an absolute form in a tunnel without TLS is one of http", "[I3]") {
  const TunnelIdentity plain{{Protocol::http, {"h.example.test", 8080, http::HostKind::name}}, ""};
  const auto asked = [&](const std::string& target) {
    return check_tunnelled(
        head_of("GET " + target + " HTTP/1.1\r\nHost: h.example.test:8080\r\n\r\n"),
        plain,
        *test::bindings_of(kBound));
  };
  CHECK(asked("http://h.example.test:8080/x") == std::nullopt);
  CHECK(asked("http://h.example.test/x") == Reason::identity_mismatch);
  CHECK(asked("https://h.example.test:8080/x") == Reason::identity_mismatch);
}

TEST_CASE("C24 HP-02 a tunnel in a tunnel is refused") {
  CHECK(tunnelled("CONNECT h.example.test:443 HTTP/1.1\r\n\r\n") == Reason::method_not_supported);
}

TEST_CASE("A22 P14 RE-03 what would echo the credential is refused on both ways in", "[I1]") {
  for (const char* method : {"TRACE", "TRACK", "trace", "Track"}) {
    const std::string host = " HTTP/1.1\r\nHost: h.example.test\r\n\r\n";
    CHECK(tunnelled(method + std::string(" /x") + host) == Reason::method_not_supported);
    CHECK(is_refused(route_of(method + std::string(" https://h.example.test/") + host),
                     Reason::method_not_supported));
  }
}

TEST_CASE("an expectation that nobody here meets fails on every way in (RFC 9110 10.1.1)") {
  const std::string rest = " HTTP/1.1\r\nHost: h.example.test\r\nExpect: 100-continue, x=y\r\n\r\n";
  CHECK(tunnelled("GET /x" + rest) == Reason::expectation_failed);
  CHECK(is_refused(route_of("GET https://h.example.test/" + rest), Reason::expectation_failed));
  CHECK(is_refused(route_of("CONNECT h.example.test:443" + rest), Reason::expectation_failed));
}

TEST_CASE("OPTIONS ends here when its Max-Forwards is used up (RFC 9110 7.6.2)") {
  const auto asked = [](const std::string& method, const std::string& hops) {
    return tunnelled(method + " * HTTP/1.1\r\nHost: h.example.test\r\nMax-Forwards:" + hops +
                     "\r\n\r\n");
  };
  CHECK(asked("OPTIONS", " 0") == Reason::max_forwards_reached);
  CHECK(asked("OPTIONS", "00\t") == Reason::max_forwards_reached);
  CHECK(asked("OPTIONS", "1") == std::nullopt);
  CHECK(asked("OPTIONS", "") == std::nullopt);
  CHECK(asked("OPTIONS", "x") == std::nullopt);
  CHECK(tunnelled("GET / HTTP/1.1\r\nHost: h.example.test\r\nMax-Forwards: 0\r\n\r\n") ==
        std::nullopt);
  CHECK(one_hop_less("10") == "9");
  CHECK(one_hop_less("1") == "0");
  CHECK(one_hop_less("18446744073709551615") == "18446744073709551614");
  for (const char* odd : {"", "x", "-1", "1.5", "99999999999999999999"}) {
    CHECK(one_hop_less(odd) == odd);
  }
}

TEST_CASE("an absolute form becomes the target that its server knows (RFC 9112 3.2)") {
  const auto sent = [](const std::string& line) {
    std::string made;
    const auto head = head_of(line + " HTTP/1.1\r\nHost: h\r\n\r\n");
    return std::string(origin_target(head, made));
  };
  CHECK(sent("GET http://h") == "/");
  CHECK(sent("GET http://h/a?b") == "/a?b");
  CHECK(sent("GET http://h?b") == "/?b");
  CHECK(sent("OPTIONS http://h") == "*");
  CHECK(sent("OPTIONS http://h:80") == "*");
  CHECK(sent("OPTIONS http://h/") == "/");
  CHECK(sent("OPTIONS http://h?b") == "/?b");
  CHECK(sent("options http://h") == "/");
  const std::string host = " HTTP/1.1\r\nHost: x.example\r\n\r\n";
  CHECK(route_of("OPTIONS http://x.example" + host, kBound).kind == Route::Kind::forward);
  CHECK(route_of("GET http://x.example?q" + host, kBound).kind == Route::Kind::forward);
  CHECK(is_refused(route_of("OPTIONS *" + host, kBound), Reason::malformed_request));
}

TEST_CASE("in a tunnel whose requests are read, what is not TLS is for the decoder", "[I15]") {
  CHECK(listen_where_read("") == Speech::undecided);
  CHECK(listen_where_read("\x16\x03") == Speech::tls);
  CHECK(listen_where_read("\r") == Speech::http);
  CHECK(listen_where_read("LIST") == Speech::http);
  CHECK(listen_where_read(std::string_view("\0", 1)) == Speech::http);
}

TEST_CASE("in an opaque tunnel HTTP is known by its request line, however it is cut", "[I15]") {
  CHECK(listen_where_opaque("") == Speech::undecided);
  CHECK(listen_where_opaque("\x16\x03") == Speech::tls);
  for (const std::string line : {"GET / HTTP/1.1\r\n",
                                 "\r\n\r\nDELETE /x HTTP/1.0\r\n",
                                 "M-SEARCH * HTTP/1.1\r\n",
                                 "list http://h/x?y HTTP/1.1\r\n",
                                 "PRI * HTTP/2.0\r\n"}) {
    INFO(line);
    CHECK(listen_where_opaque(line) == Speech::http);
    bool is_known = false;
    for (std::size_t size = 0; size < line.size(); ++size) {
      const Speech heard = listen_where_opaque(line.substr(0, size));
      CHECK((heard == Speech::http || (heard == Speech::undecided && !is_known)));
      is_known = heard == Speech::http;
    }
  }
  CHECK(listen_where_opaque("GET ") == Speech::http);
  for (const std::string_view other : {std::string_view("SSH-2.0-OpenSSH_9.2\r\n"),
                                       std::string_view("NICK joe\r\n"),
                                       std::string_view("LIST /x RTSP/1.0\r\n"),
                                       std::string_view("0032git-upload-pack /x\0host=h\0", 30),
                                       std::string_view("*1\r\n$4\r\nPING\r\n"),
                                       std::string_view("PING\r\n"),
                                       std::string_view("\0", 1),
                                       std::string_view("\n"),
                                       std::string_view(" GET / HTTP/1.1\r\n")}) {
    INFO(other);
    CHECK(listen_where_opaque(other) == Speech::other);
  }
  CHECK(listen_where_opaque(std::string(65, 'x')) == Speech::other);
}

}  // namespace keyswap::flow
