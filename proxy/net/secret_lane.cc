// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/secret_lane.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/flow/secret_fault.h"

namespace keyswap::net {

namespace {

constexpr std::int64_t kUsPerMs = 1000;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kMsPerSecond = 1000;

flow::SecretsUnavailable unavailable_at_source(const vault::SecretName& name,
                                               const base::Error& error) {
  const flow::SecretFault fault = flow::fault_of_source(error);
  return {name.text(),
          fault,
          fault == flow::SecretFault::source_down ? error.number * kMsPerSecond : 0};
}

}  // namespace

std::optional<vault::Secret> SecretLane::look_up(const bindings::Bindings& bindings,
                                                 const vault::SecretName& name,
                                                 LookUp told) {
  auto answered = [lane = this, told](vault::FetchAnswer late) {
    lane->loop_->post([told, answer = std::make_shared<vault::FetchAnswer>(std::move(late))] {
      if (*answer) {
        told.late(std::move((*answer)->value));
      } else {
        told.failed();
      }
    });
  };
  // It is used for nothing but to know it again: no time of use.
  auto answer =
      source_->fetch({.name = name,
                      .kind = vault::EntryKind::text,
                      .now_s = 0,
                      .deadline_us = clock_->steady_us() + base::bounds::kSecretFetchMs * kUsPerMs,
                      .table = bindings.sources,
                      .is_only_known = true},
                     std::move(answered));
  if (answer && !*answer) {
    told.failed();
  }
  return answer && *answer ? std::optional(std::move((*answer)->value)) : std::nullopt;
}

std::int64_t SecretLane::now_ms() const {
  return clock_->steady_us() / kUsPerMs;
}

void SecretLane::bring(std::uint64_t ticket, vault::FetchAnswer answer) {
  const auto found = waiting_.extract(ticket);
  if (!found.empty()) {
    found.mapped().fetch->take(found.mapped().entry, std::move(answer));
  }
}

void SecretFetch::begin(const bindings::Bindings& bindings,
                        std::span<const flow::PlaceOf> places,
                        std::string_view caller,
                        Done done) {
  cancel();
  is_asking_ = true;
  was_asked_again_ = false;
  given_.clear();
  given_by_ = nullptr;
  done_ = std::move(done);
  caller_ = caller;
  sources_ = bindings.sources;  // I14
  for (const flow::PlaceOf& place : places) {
    const auto& injection = *bindings.rules[place.rule].places[place.place].injection;
    for (std::size_t number = 0; number < injection.needs().size(); ++number) {
      wanted_.push_back({&injection, number});
    }
  }
  ask_for_all();
}

void SecretFetch::ask_for_all() {
  const std::size_t count = wanted_.size();
  secrets_.clear();
  secrets_.resize(count);
  missing_ = count;
  first_ticket_ = lane_->tickets_ + 1;
  lane_->tickets_ += count;
  for (std::size_t entry = 0; entry < count && done_; ++entry) {
    ask(entry);
  }
  if (count == 0) {
    end_if_whole();
  }
  if (missing_ > 0) {
    hold_for_caller();
  }
}

void SecretFetch::ask(std::size_t entry) {
  const std::uint64_t ticket = first_ticket_ + entry;
  // It may come on another thread, and when nobody waits for it any more.
  auto told = [lane = lane_, ticket](vault::FetchAnswer late) {
    lane->loop_->post(
        [lane, ticket, answer = std::make_shared<vault::FetchAnswer>(std::move(late))] {
          lane->bring(ticket, std::move(*answer));
        });
  };
  const auto& clock = *lane_->clock_;
  auto answer = lane_->source_->fetch(
      {.name = wanted_[entry].name(),
       .kind = wanted_[entry].kind(),
       .now_s = clock.wall_us() / kUsPerSecond,
       .deadline_us = clock.steady_us() + base::bounds::kSecretFetchMs * kUsPerMs,
       .table = sources_},
      std::move(told));
  if (answer) {
    take(entry, std::move(*answer));
  } else {
    lane_->waiting_.emplace(ticket, SecretLane::Waiting{this, entry});
  }
}

// What came at once, while something else is waited for.
void SecretFetch::hold_for_caller() {
  holder_.emplace(lane_->holdings_, caller_);
  for (std::size_t entry = 0; entry < secrets_.size(); ++entry) {
    if (!holder_->hold(secrets_[entry])) {
      end(flow::SecretsUnavailable{wanted_[entry].name().text(), flow::SecretFault::no_room});
      return;
    }
  }
}

void SecretFetch::take(std::size_t entry, vault::FetchAnswer answer) {
  const auto& name = wanted_[entry].name();
  const vault::Route* const route = sources_ == nullptr ? nullptr : sources_->find(name);
  if (!answer) {
    const base::Error& error = answer.error();
    end(route == nullptr ? flow::SecretsUnavailable{name.text(), flow::fault_of(error)}
                         : unavailable_at_source(name, error));
    return;
  }
  if (holder_ && !holder_->hold(answer->value)) {
    end(flow::SecretsUnavailable{name.text(), flow::SecretFault::no_room});
    return;
  }
  if (route != nullptr) {
    wanted_[entry].part =
        Part{route->source, answer->generation, std::move(answer->field_of), answer->answer};
    wanted_[entry].version = std::move(answer->version);
  }
  secrets_[entry] = std::move(answer->value);
  --missing_;
  end_if_whole();
}

void SecretFetch::end_if_whole() {
  if (missing_ > 0) {
    return;
  }
  if (do_parts_go_together()) {
    note_given();
    end(flow::SecretsReady{std::move(secrets_), lane_->clock_->wall_us()});
  } else if (!std::exchange(was_asked_again_, true)) {
    holder_.reset();
    ask_for_all();
  } else {
    end(flow::SecretsUnavailable{
        wanted_.front().name().text(), flow::SecretFault::source_down, kMsPerSecond});
  }
}

void SecretFetch::note_given() {
  for (Wanted& one : wanted_) {
    if (one.part) {
      given_.push_back({one.name(), one.kind(), std::move(one.version)});
      given_by_ = sources_;
    }
  }
}

void SecretFetch::tell_refused() {
  for (const Given& one : given_) {
    lane_->source_->refused({.name = one.name, .kind = one.kind, .table = given_by_}, one.version);
  }
}

bool SecretFetch::do_parts_go_together() const {
  std::vector<Part> parts;
  for (const Wanted& one : wanted_) {
    if (one.part) {
      parts.push_back(*one.part);
    }
  }
  return std::ranges::all_of(parts, [&](const Part& one) {
    return std::ranges::all_of(parts, [&](const Part& other) { return one.goes_with(other); });
  });
}

void SecretFetch::end(Answer answer) {
  const Done done = std::move(done_);  // it may ask anew, or be the end of this
  cancel();
  done(std::move(answer));
}

void SecretFetch::cancel() {
  if (!std::exchange(is_asking_, false)) {
    return;
  }
  if (missing_ > 0) {
    for (std::size_t entry = 0; entry < secrets_.size(); ++entry) {
      lane_->waiting_.erase(first_ticket_ + entry);
    }
  }
  missing_ = 0;
  done_ = nullptr;
  sources_ = nullptr;
  wanted_.clear();
  secrets_.clear();
  holder_.reset();
}

}  // namespace keyswap::net
