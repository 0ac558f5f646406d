// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/asked_source.h"

#include <utility>
#include <variant>

#include "proxy/base/bounds.h"
#include "vault/sources/kinds.h"

namespace keyswap::cli {

namespace {

namespace bounds = base::bounds;
using vault::Failed;
using vault::FetchFault;
using vault::RunOutcome;

}  // namespace

AskedSource::AskedSource(Online& online, const vault::SourceSpec& spec)
    : online_(online), spec_(spec), backend_(vault::find_backend_kind(spec.kind)->make(spec)) {}

AskedSource::~AskedSource() {
  auto run = backend_->log_out();
  if (run != nullptr) {
    static_cast<void>(online_.run(spec_, std::move(run), bounds::kSourceLogOutMs));
  }
}

RunOutcome AskedSource::fetch(const std::vector<std::string>& keys) {
  if (!given_up_) {
    log_in();
  }
  if (given_up_) {
    return *given_up_;
  }
  return judged(online_.run(spec_, backend_->fetch(keys), bounds::kSourceRunMs));
}

RunOutcome AskedSource::seal(const vault::SecretName& name, vault::Secret value) {
  return online_.run(spec_, backend_->seal(name, std::move(value)), bounds::kSourceRunMs);
}

RunOutcome AskedSource::seal_anew(const std::vector<std::string>& names) {
  if (given_up_) {
    return *given_up_;
  }
  return judged(online_.run(spec_, backend_->seal_anew(names), bounds::kSourceRunMs));
}

void AskedSource::log_in() {
  auto run = backend_->login_due_us() <= online_.clock().wall_us() ? backend_->log_in() : nullptr;
  if (run != nullptr) {
    const RunOutcome outcome = judged(online_.run(spec_, std::move(run), bounds::kSourceRunMs));
    const auto* const failed = std::get_if<Failed>(&outcome);
    given_up_ = failed == nullptr ? std::nullopt : std::optional(*failed);
  }
}

RunOutcome AskedSource::judged(RunOutcome outcome) {
  const auto* const failed = std::get_if<Failed>(&outcome);
  if (failed != nullptr && failed->fault != FetchFault::not_found &&
      failed->fault != FetchFault::bad_answer) {
    given_up_ = *failed;
  }
  return outcome;
}

}  // namespace keyswap::cli
