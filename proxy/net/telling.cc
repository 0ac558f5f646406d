// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/telling.h"

#include <cstdlib>

#include "proxy/base/bounds.h"
#include "proxy/base/log.h"
#include "proxy/net/real_value_mask.h"

namespace keyswap::net {

namespace log = base::log;
using log::Piece;

namespace {

// What somebody can do who finds that line.
std::string_view advice_of(std::string_view alert, audit::AlertBy by) {
  if (alert == "protocol_version" || alert == "handshake_failure" ||
      alert == "insufficient_security") {
    return "client and keyswap have no TLS version or cipher in common: it must speak TLS 1.3, or "
           "TLS 1.2 with ECDHE and an AEAD cipher";
  }
  if (alert == "no_application_protocol") {
    return "the client offers (ALPN) no http/1.1, which is what keyswap speaks";
  }
  if (alert == "certificate_expired") {
    return "the certificate is not of today by the client's clock: compare its clock with ours";
  }
  if (alert == "timed_out") {
    return "the client did not finish its handshake in time";
  }
  if (by == audit::AlertBy::keyswap || alert == "not_tls") {
    return "what the client sent is no good TLS";
  }
  return "the client does not seem to trust keyswap's CA: start it by keyswap run, or give it the "
         "variables of keyswap env, or the file of keyswap ca export; keyswap doctor tests it";
}

}  // namespace

void Telling::failed(std::string_view host, const base::Failure& failure) {
  if (!failure.is_known() || !is_due(host, base::to_string(failure.cause))) {
    return;
  }
  RealValueMask mask(real_);
  const bool is_ours = base::is_ours(failure.cause);
  log::line(is_ours ? log::Level::error : log::Level::warning,
            {is_ours                             ? Piece("no certificate for ")
             : base::is_of_client(failure.cause) ? Piece("a client came in vain")
             : base::is_of_secret(failure.cause) ? Piece("no secret for ")
                                                 : Piece("upstream "),
             Piece::fact(mask(host)),
             ": ",
             Piece::fact(base::sentence_of(failure.cause)),
             failure.facts.empty() ? Piece("") : Piece(": "),
             Piece::fact(mask(failure.facts))});
}

void Telling::client_tls_failed(std::string_view host, std::string_view alert, audit::AlertBy by) {
  if (is_due(host, "client TLS")) {
    RealValueMask mask(real_);
    log::line(log::Level::warning,
              {"a client did not come to TLS for ",
               Piece::fact(mask(host)),
               " (",
               Piece::fact(alert),
               "): ",
               Piece::fact(advice_of(alert, by))});
  }
}

void Telling::honeytoken(std::string_view name, std::string_view host, std::string_view client) {
  std::string what("honeytoken ");
  what.append(name);
  if (is_due(host, what)) {
    RealValueMask mask(real_);
    log::line(log::Level::warning,
              {"the honeytoken ",
               Piece::fact(name),
               " was sent by ",
               Piece::fact(client),
               " towards ",
               Piece::fact(mask(host)),
               ": somebody uses what was laid out for nobody (audit: honeytoken_triggered)"});
  }
}

void Telling::real_secret(std::string_view name, std::string_view host, std::string_view client) {
  std::string what("real secret ");
  what.append(name);
  if (is_due(host, what)) {
    RealValueMask mask(real_);
    log::line(log::Level::warning,
              {"the real value of ",
               Piece::fact(name),
               " was sent by ",
               Piece::fact(client),
               " towards ",
               Piece::fact(mask(host)),
               ": that client is to hold its placeholder only (audit: real_secret_seen)"});
  }
}

void Telling::budget_passed(std::string_view name,
                            std::string_view budget,
                            std::string_view caller) {
  log::line(log::Level::warning,
            {"the budget of ",
             Piece::fact(name),
             " (",
             Piece::fact(budget),
             ") is used up",
             Piece::fact(caller.empty() ? "" : " for the caller "),
             Piece::fact(caller),
             " (audit: budget_passed)"});
}

void Telling::upstream_clock(std::string_view host,
                             audit::ClockEvent event,
                             std::int64_t offset_ms) {
  std::string what("clock ");
  what.append(audit::to_string(event));
  if (!is_due(host, what)) {
    return;
  }
  RealValueMask mask(real_);
  if (event == audit::ClockEvent::agrees) {
    log::line(log::Level::info,
              {"the clock of ", Piece::fact(mask(host)), " agrees with this machine's again"});
    return;
  }
  const std::string seconds = std::to_string(std::abs(offset_ms) / 1000);
  log::line(log::Level::warning,
            {"the clock of ",
             Piece::fact(mask(host)),
             " is ",
             Piece::fact(seconds),
             offset_ms < 0 ? Piece(" s behind this machine's: one of the two is wrong")
                           : Piece(" s ahead of this machine's: one of the two is wrong"),
             event == audit::ClockEvent::too_far
                 ? Piece(", and by too much to be followed in any signature")
                 : Piece(""),
             " (audit: upstream_clock)"});
}

void Telling::user_not_allowed(std::optional<std::uint32_t> user) {
  const std::string who =
      user ? "of user " + std::to_string(*user) : std::string("of a user that the kernel hides");
  if (is_due(who, "not allowed")) {
    log::line(log::Level::warning,
              {"a client ",
               Piece::fact(who),
               " was not served: ",
               user ? Piece("name that user in allow_users of the bindings, or give the program a "
                            "caller's token (audit: user_not_allowed)")
                    : Piece("allow keyswap AF_NETLINK and the kernel its module tcp_diag, or give "
                            "programs a caller's token (audit: user_not_allowed)")});
  }
}

std::uint64_t Telling::take_refusals() {
  const std::int64_t now_us = clock_->steady_us();
  if (now_us - refusals_taken_us_ < base::bounds::kTellAgainMs * 1000) {
    return 0;
  }
  refusals_taken_us_ = now_us;
  return refusals_.exchange(0);
}

bool Telling::is_due(std::string_view host, std::string_view what) {
  const std::int64_t now_us = clock_->steady_us();
  const std::lock_guard lock(mutex_);
  std::string key(host);
  key.append("\n").append(what);
  const auto found = told_us_.find(key);
  if (found != told_us_.end() && now_us - found->second < base::bounds::kTellAgainMs * 1000) {
    return false;
  }
  if (found == told_us_.end() && told_us_.size() >= base::bounds::kToldMax) {
    forget_old(now_us);
    if (told_us_.size() >= base::bounds::kToldMax) {
      return false;  // I10: enough was told this minute
    }
  }
  told_us_[std::move(key)] = now_us;
  return true;
}

void Telling::forget_old(std::int64_t now_us) {
  std::erase_if(told_us_, [now_us](const auto& told) {
    return now_us - told.second >= base::bounds::kTellAgainMs * 1000;
  });
}

}  // namespace keyswap::net
