// SPDX-License-Identifier: Apache-2.0
//
// A second venue, the bazaar, for tests: what a folder in bindings/venues/ has to bring, as small
// as it can be. Nothing outside this file knows it, and the program is given it like any other.
//
// An order is `POST /order?item=X&usd=N`; 422 says that it was refused; `/withdraw` is never open.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/config_issues.h"
#include "bindings/decimal.h"
#include "bindings/order_limits.h"
#include "bindings/request_readings.h"
#include "bindings/venue.h"
#include "proxy/http/target.h"

namespace keyswap::test {

class BazaarSigner final : public bindings::Signer {
 public:
  [[nodiscard]] bindings::Judgement judge(const bindings::WholeRequest& request,
                                          const bindings::Scope& scope) const override {
    if (request.method != "POST" || http::path_of(request.target) != "/order") {
      return {};
    }
    bindings::OrderReading order;
    order.symbols = {value_of(request.target, "item=")};
    const auto value = bindings::Decimal::parse(value_of(request.target, "usd="));
    order.is_valued = value.has_value();
    order.value_e8 = value ? value->money_rounded_up() : 0;
    return bindings::hold_to(
        scope.trading == nullptr ? bindings::TradingRules{} : *scope.trading, order, false);
  }

  [[nodiscard]] bool forbids(const bindings::RequestReadings& request) const override {
    return http::path_of(request.target()) == "/withdraw";
  }

  [[nodiscard]] base::Status sign(const bindings::WholeRequest& /*request*/,
                                  const bindings::SignInput& input,
                                  bindings::Edits& edits) const override {
    edits.set_field("x-bazaar", input.secrets[0].share());
    return {};
  }

 private:
  // Of a query; `name` with its '='.
  static std::string value_of(std::string_view target, std::string_view name) {
    const auto at = target.find(name);
    const auto from = at == std::string_view::npos ? target.size() : at + name.size();
    return std::string(target.substr(from, target.find('&', from) - from));
  }
};

class BazaarInjection final : public bindings::Injection {
 public:
  explicit BazaarInjection(vault::SecretName name) : needs_({std::move(name)}) {}

  [[nodiscard]] std::string_view scheme() const override { return "bazaar"; }

  [[nodiscard]] const std::vector<vault::SecretName>& needs() const override { return needs_; }

  [[nodiscard]] base::Status render(const bindings::RenderInput& /*input*/,
                                    base::ByteSink& /*out*/) const override {
    return base::Error{base::Errc::unsupported, "this scheme signs whole requests"};
  }

  [[nodiscard]] const bindings::Signer* signer() const override { return &signer_; }

 private:
  std::vector<vault::SecretName> needs_;
  BazaarSigner signer_;
};

inline bindings::MadeInjection make_bazaar(const bindings::SchemeSetup& setup) {
  bindings::MadeInjection made;
  made.injection = std::make_unique<BazaarInjection>(setup.name);
  return made;
}

inline constinit const bindings::Scheme kBazaarScheme = {
    "bazaar", "requests to the bazaar", {}, make_bazaar, "x-bazaar"};

class Bazaar final : public bindings::Venue {
 public:
  [[nodiscard]] const bindings::Scheme& scheme() const override { return kBazaarScheme; }

  [[nodiscard]] std::span<const bindings::VenueHost> hosts() const override { return kHosts; }

  [[nodiscard]] std::span<const bindings::TradingKey> trading_keys() const override {
    return kKeys;
  }

  void check_endpoint(const bindings::NamedEndpoint& endpoint,
                      bindings::Place place,
                      bindings::ConfigIssues& issues) const override {
    if (endpoint.path == "/withdraw") {
      issues.error(place, "the bazaar pays nothing out");
    }
  }

  void check_scope(const bindings::Scope& scope,
                   bindings::Place place,
                   bindings::ConfigIssues& issues) const override {
    if (scope.host.host == "till.bazaar.test") {
      issues.error(place, "the bazaar's till cannot be bound");
    }
  }

  [[nodiscard]] bool serves_route(std::string_view host, std::string_view segment) const override {
    return segment == "stalls" && bindings::find_venue_host(*this, host) != nullptr;
  }

  [[nodiscard]] bool says_refused(int status) const override { return status == 422; }

  [[nodiscard]] std::string note_on(std::string_view method, std::string_view path) const override {
    return method == "POST" && path == "/order" ? "the endpoint takes orders" : "";
  }

 private:
  static constexpr std::array<bindings::VenueHost, 4> kHosts = {
      bindings::VenueHost{"bazaar.stalls", "a.bazaar.test"},
      bindings::VenueHost{"bazaar.stalls", "b.bazaar.test"},
      bindings::VenueHost{"bazaar.stalls", "cry.bazaar.test", true, 9443},
      bindings::VenueHost{"bazaar.quiet", "quiet.bazaar.test"}};
  static constexpr std::array kKeys = {bindings::TradingKey::max_order_usd,
                                       bindings::TradingKey::daily_volume_usd,
                                       bindings::TradingKey::symbols,
                                       bindings::TradingKey::endpoints};
};

// The table of a program that has this venue alone.
inline bindings::Venues bazaar_alone() {
  static const Bazaar bazaar;
  static const std::array<const bindings::Venue*, 1> table = {&bazaar};
  return table;
}

inline const bindings::Venue& bazaar() {
  return *bazaar_alone().front();
}

// A secret K of the bazaar, with these entries of `bindings:`.
inline std::string bazaar_yaml(const std::string& entries) {
  return "version: 1\nsecrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
         "    inject: { type: bazaar }\n    bindings: [ " +
         entries + " ]\n";
}

}  // namespace keyswap::test
