// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/destination.h"

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
  const TunnelIdentity tunnel{{Scheme::https, {"h.example.test", 443, http::HostKind::name}},
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

TEST_CASE("C14 an origin-form request to the listener is refused") {
  CHECK(is_refused(route_of("GET / HTTP/1.1\r\nHost: h.example.test\r\n\r\n"),
                   Reason::malformed_request));
}

TEST_CASE("X01 an absolute-form https request goes the way of CONNECT", "[I3]") {
  const Route found =
      route_of("GET https://h.example.test/v1?x=1 HTTP/1.1\r\nHost: h.example.test\r\n\r\n");
  CHECK(found.kind == Route::Kind::forward);
  CHECK(found.destination ==
        Destination{Scheme::https, {"h.example.test", 443, http::HostKind::name}});
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
  CHECK(route_of("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8472\r\n\r\n").kind ==
        Route::Kind::health);
}

TEST_CASE("C10 a request in a tunnel that names the tunnel's host is let on", "[I3]") {
  CHECK(tunnelled("GET / HTTP/1.1\r\nHost: h.example.test\r\n\r\n") == std::nullopt);
  CHECK(tunnelled("GET / HTTP/1.1\r\nHost: H.Example.Test:443\r\n\r\n", "h.EXAMPLE.test") ==
        std::nullopt);
}

TEST_CASE("C08 C09 C11 C23 any other name in a tunnel is refused", "[I3]") {
  for (const char* host : {"x.example", "h.example.test:8443", "h.example.tes", "127.0.0.1"}) {
    CHECK(tunnelled("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") ==
          Reason::identity_mismatch);
  }
  CHECK(tunnelled("GET / HTTP/1.1\r\nHost: h.example.test\r\n\r\n", "x.example") ==
        Reason::identity_mismatch);
}

TEST_CASE("C24 HP-02 absolute and authority forms in a tunnel are refused") {
  CHECK(tunnelled("GET https://h.example.test/ HTTP/1.1\r\nHost: h.example.test\r\n\r\n") ==
        Reason::malformed_request);
  CHECK(tunnelled("CONNECT h.example.test:443 HTTP/1.1\r\n\r\n") == Reason::method_not_supported);
}

TEST_CASE("A22 P14 RE-03 TRACE is refused on both ways in", "[I1]") {
  CHECK(tunnelled("TRACE /x HTTP/1.1\r\nHost: h.example.test\r\n\r\n") ==
        Reason::method_not_supported);
  CHECK(
      is_refused(route_of("TRACE https://h.example.test/ HTTP/1.1\r\nHost: h.example.test\r\n\r\n"),
                 Reason::method_not_supported));
}

TEST_CASE("the first bytes in a tunnel tell what is spoken, however they are cut", "[I15]") {
  CHECK(listen_to("") == Speech::undecided);
  CHECK(listen_to("\x16\x03") == Speech::tls);
  CHECK(listen_to("G") == Speech::undecided);
  CHECK(listen_to("GET ") == Speech::http);
  CHECK(listen_to("DELETE /x") == Speech::http);
  CHECK(listen_to("SSH-2.0") == Speech::other);
  CHECK(listen_to("PRI") == Speech::other);
  CHECK(listen_to(std::string_view("\0", 1)) == Speech::other);
}

}  // namespace keyswap::flow
