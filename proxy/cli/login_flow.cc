// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/login_flow.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/login_browser.h"
#include "proxy/cli/login_listener.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"
#include "vault/secret.h"
#include "vault/sources/login_code.h"
#include "vault/sources/login_device.h"
#include "vault/sources/login_discovery.h"
#include "vault/sources/login_grant.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kFlowUsPerMs = 1000;
constexpr std::int64_t kFlowUsPerSecond = 1'000'000;
// A call, its client's entries, and what is kept of it.
constexpr std::int64_t kLoginRunMs = base::bounds::kSourceRunMs + base::bounds::kLoginKeepMs;
constexpr std::string_view kRedirectPath = "/callback";

struct ToldOutcome {
  std::string_view outcome;
  const char* what;
  const char* hint;
};

constexpr const char* kLogInAgain = "log in again";

constexpr std::array kToldOutcomes = {
    ToldOutcome{"token_endpoint_error:access_denied", "the log-in was refused there", kLogInAgain},
    ToldOutcome{"authorization_error:access_denied", "the log-in was refused there", kLogInAgain},
    ToldOutcome{"token_endpoint_error:expired_token",
                "nobody logged in before the code ended",
                kLogInAgain},
    ToldOutcome{"no_refresh_token",
                "the server gave an access token, and no refresh token that gets new ones",
                "ask for one: many servers want --scope with offline_access in it; GitHub gives "
                "them to apps whose tokens expire"},
    ToldOutcome{"issuer_mismatch",
                "the answer is of another issuer than the one that was asked",
                "look whether the issuer's address is written as it writes it itself"},
    ToldOutcome{"login_write_failed",
                "the refresh token came, and could not be written: it is lost",
                "make room on the disk, and log in again"},
    ToldOutcome{"login_conflict", "somebody else changed the entry again and again", kLogInAgain},
    ToldOutcome{"audit_unavailable",
                "it could not be recorded, so it does not count",
                "see: keyswap audit verify; then log in again"},
};

// Nothing: it brought what it was for.
Problem problem_of_run(const vault::RunOutcome& outcome) {
  const auto* const failed = std::get_if<vault::Failed>(&outcome);
  return failed == nullptr ? Problem() : Problem(login_failure(*failed));
}

vault::LoginGrant grant_of(const LoginOptions& options, const LoginRule& rule) {
  vault::LoginGrant grant(rule.spec);
  if (!options.scope.empty()) {
    grant.scope = options.scope;
  }
  return grant;
}

// --- a code for another device ---

Problem log_in_by_device(Online& online,
                         const LoginOptions& options,
                         const LoginRule& rule,
                         const LoginTarget& target) {
  vault::DeviceLogin login{.grant = grant_of(options, rule), .device_url = target.device_url};
  if (auto problem =
          problem_of_run(online.run(rule.spec, vault::device_start_run(login), kLoginRunMs))) {
    return problem;
  }
  note("Open this page in a browser, on whichever device:\n  " + login.verification_url +
       "\nand type this code there:\n  " + login.user_code);
  if (!login.verification_url_complete.empty()) {
    note("Or open this one, which has the code in it:\n  " + login.verification_url_complete);
  }
  const std::int64_t left_ms = (login.expires_us - online.clock().wall_us()) / kFlowUsPerMs;
  return problem_of_run(online.run(
      rule.spec, vault::device_poll_run(login), std::max<std::int64_t>(left_ms, 0) + kLoginRunMs));
}

// --- a browser here ---

Outcome<vault::Secret> client_id_of(Online& online, const LoginRule& rule) {
  const std::string* const text = rule.spec.setting("client_id");
  const auto name = vault::SecretName::parse(text == nullptr ? "" : *text);
  const std::int64_t now_s = online.clock().wall_us() / kFlowUsPerSecond;
  auto id = name ? online.vault().fetch(*name, now_s) : base::Result<vault::Secret>(name.error());
  if (!id) {
    return Failure{Exit::no,
                   "the client's id is not in the vault: " + explain(id.error()),
                   "add what `client_id` of the rule names: keyswap secret add NAME"};
  }
  return std::move(*id);
}

std::string random_state() {
  std::array<std::uint8_t, 32> random{};
  base::random_bytes(random);
  return base::to_base64url({reinterpret_cast<const char*>(random.data()), random.size()});
}

base::Result<vault::Secret> random_verifier() {
  auto random = vault::LockedBytes::of_size(vault::kVerifierRandomBytes);
  if (!random) {
    return random.error();
  }
  base::random_bytes({reinterpret_cast<std::uint8_t*>(random->data()), random->size()});
  return vault::make_verifier(
      std::span<const char, vault::kVerifierRandomBytes>(random->data(), random->size()));
}

void show_page(const LoginOptions& options, const std::string& page) {
  note("Open this page in a browser of this machine:\n  " + page);
  if (!options.opens_nothing && open_in_browser(page)) {
    note("(the desktop was asked to open it)");
  }
}

Problem log_in_by_browser(Online& online,
                          const LoginOptions& options,
                          const LoginRule& rule,
                          const LoginTarget& target) {
  auto client_id = client_id_of(online, rule);
  auto listener = client_id ? LoginListener::open(options.redirect_port) : client_id.failure();
  auto verifier = random_verifier();
  if (!listener || !verifier) {
    return listener ? no_locked_memory() : listener.failure();
  }
  vault::CodeLogin login{.grant = grant_of(options, rule),
                         .authorize_url = target.authorize_url,
                         .authorize_more = target.authorize_more,
                         .redirect_uri = "http://" + listener->host() + std::string(kRedirectPath),
                         .state = random_state(),
                         .verifier = std::move(*verifier)};
  const auto page = vault::login_page(login, client_id.value());
  if (!page) {
    return Failure{Exit::cannot,
                   "the page to log in at cannot be made: " + explain(page.error()),
                   "try again"};
  }
  show_page(options, *page);
  const vault::RedirectWanted wanted = {.host = listener->host(),
                                        .path = std::string(kRedirectPath),
                                        .state = login.state,
                                        .issuer = target.issuer,
                                        .is_issuer_said = target.is_issuer_said};
  auto back = listener->wait(wanted, base::bounds::kLoginMs);
  if (!back) {
    return back.failure();
  }
  if (back->kind == vault::Redirected::Kind::refused) {
    vault::Failed failed;
    failed.outcome = back->outcome;
    return login_failure(failed);
  }
  login.code = std::move(back->code);
  return problem_of_run(online.run(rule.spec, vault::code_run(login), kLoginRunMs));
}

}  // namespace

Failure login_failure(const vault::Failed& failed) {
  for (const ToldOutcome& told : kToldOutcomes) {
    if (failed.outcome == told.outcome) {
      return {Exit::no, told.what, told.hint};
    }
  }
  const bool is_transient = failed.fault == vault::FetchFault::unavailable;
  return {is_transient ? Exit::cannot : Exit::no,
          "the log-in did not work: " + failed.outcome,
          is_transient ? "is the server's address right, and can it be reached? then try again"
                       : "are the client's id and secret right, and what the app may do there?"};
}

Problem discover(Online& online,
                 const LoginOptions& options,
                 const LoginRule& rule,
                 LoginTarget& target) {
  if (target.issuer.empty()) {
    return std::nullopt;
  }
  vault::Discovery found;
  found.issuer = target.issuer;
  if (auto problem = problem_of_run(
          online.run(rule.spec, vault::discovery_run(found), base::bounds::kSourceRunMs))) {
    return problem;
  }
  add_discovered(found, !options.client_secret.empty(), target);
  return std::nullopt;
}

Problem log_in(Online& online,
               const LoginOptions& options,
               const LoginRule& rule,
               const LoginTarget& target,
               LoginWay way) {
  return way == LoginWay::device ? log_in_by_device(online, options, rule, target)
                                 : log_in_by_browser(online, options, rule, target);
}

}  // namespace keyswap::cli
