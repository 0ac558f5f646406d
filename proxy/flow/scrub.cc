// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/scrub.h"

#include <algorithm>
#include <utility>

namespace keyswap::flow {

namespace {

using Rest = SecretSearch::Rest;

base::Status put(base::ByteSink& out, std::string_view bytes) {
  return out.append(bytes) ? base::Status{}
                           : base::Error{base::Errc::limit_exceeded, "no room for a message"};
}

base::Error no_memory() {
  return {base::Errc::unavailable, "no locked memory to look for a secret"};
}

}  // namespace

base::Status Scrubber::add(const vault::Secret& secret, std::string_view placeholder) {
  const bool is_known =
      std::ranges::any_of(known_, [&](const auto& known) { return known->are_of(secret); });
  if (is_known || secret.size() < kScrubbedSecretBytesMin) {
    return {};
  }
  if (known_.size() == base::bounds::kScrubbedSecretsMax) {
    return base::Error{base::Errc::limit_exceeded, "too many secrets to look for"};
  }
  auto forms = cache_ == nullptr ? write_forms(secret, placeholder)
                                 : cache_->find_or_write(secret, placeholder);
  if (forms == nullptr || !holder_.hold(forms->forms)) {
    return no_memory();
  }
  known_.push_back(std::move(forms));
  return {};
}

base::Status Scrubber::prepare() {
  const std::size_t searched = search_ == nullptr ? 0 : search_->secrets().size();
  if (searched == known_.size()) {
    return {};
  }
  auto search = cache_ == nullptr ? SecretSearch::make(known_) : cache_->find_or_make(known_);
  if (search == nullptr || !holder_.hold(search->table())) {
    known_.resize(searched);  // those after it were never sent: what was looked for still is
    return no_memory();
  }
  search_ = std::move(search);
  return {};
}

bool Scrubber::is_in(std::string_view text) {
  if (!prepare()) {
    return true;  // I13: it is not known
  }
  if (search_ == nullptr) {
    return false;
  }
  auto allowance = SecretSearch::allowance_for(text.size());
  return search_->find(text, 0, Rest::none, allowance).is_something() || allowance.bytes == 0;
}

base::Status Scrubber::feed(std::string_view piece, bool is_last, base::ByteSink& out) {
  KS_TRY(prepare());
  if (search_ == nullptr) {
    return put(out, piece);
  }
  base::Buffer joined(3 * base::bounds::kSecretBytesMax + base::bounds::kReadChunkBytes);
  std::string_view text = piece;
  if (!kept_.empty()) {
    if (!joined.append(kept_.view()) || !joined.append(piece)) {
      return base::Error{base::Errc::limit_exceeded, "a piece that is larger than a read"};
    }
    kept_.release();
    text = joined.view();
  }
  const Rest rest = is_last ? Rest::none : Rest::may_follow;
  auto allowance = SecretSearch::allowance_for(text.size());
  std::size_t done = 0;
  for (;;) {
    const auto found = search_->find(text, done, rest, allowance);
    if (allowance.bytes == 0) {
      return base::Error{base::Errc::limit_exceeded, "a text that is made to be slow"};
    }
    KS_TRY(put(out, text.substr(done, found.at - done)));
    if (found.secret == nullptr) {
      return found.is_something() ? put(kept_, text.substr(found.at)) : base::Status{};
    }
    KS_TRY(put(out, found.secret->placeholder));
    done = found.at + found.size;
  }
}

}  // namespace keyswap::flow
