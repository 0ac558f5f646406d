// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/form_cache.h"

#include <algorithm>
#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::flow {

namespace {

// The one that `is_it`, or null; those that nobody holds any more go.
template <typename Shared, typename Test>
std::shared_ptr<const Shared> find_in_use(std::vector<std::weak_ptr<const Shared>>& known,
                                          Test is_it) {
  std::shared_ptr<const Shared> found;
  std::erase_if(known, [&](const auto& watched) {
    auto shared = watched.lock();
    if (shared != nullptr && found == nullptr && is_it(*shared)) {
      found = shared;
    }
    return shared == nullptr;
  });
  return found;
}

template <typename InUse>
void forget_unused(InUse& in_use) {
  std::erase_if(in_use, [](const auto& entry) {
    return std::ranges::all_of(entry.second, [](const auto& watched) { return watched.expired(); });
  });
}

}  // namespace

SharedForms FormCache::find_or_write(const vault::Secret& secret, std::string_view placeholder) {
  auto& known = forms_in_use_[std::string(placeholder)];
  auto found = find_in_use(known, [&](const SecretForms& forms) { return forms.are_of(secret); });
  if (found == nullptr) {
    found = write_forms(secret, placeholder);
    if (found == nullptr) {
      return nullptr;
    }
    known.emplace_back(found);
  }
  keep(found);
  return found;
}

std::shared_ptr<const SecretSearch> FormCache::find_or_make(
    const std::vector<SharedForms>& secrets) {
  auto& known = searches_in_use_[secrets.front()->placeholder];
  auto found =
      find_in_use(known, [&](const SecretSearch& search) { return search.secrets() == secrets; });
  if (found == nullptr) {
    found = SecretSearch::make(secrets);
    if (found == nullptr) {
      return nullptr;
    }
    known.emplace_back(found);
  }
  keep(found);
  return found;
}

void FormCache::keep(const SharedForms& forms) {
  if (!kept_.empty() && kept_.back() == forms) {
    return;
  }
  if (std::erase(kept_, forms) == 0) {
    kept_bytes_ += forms->forms.size();
  }
  kept_.push_back(forms);
  while (kept_.size() > base::bounds::kScrubbedSecretsMax ||
         kept_bytes_ > base::bounds::kFormCacheBytesMax) {
    kept_bytes_ -= kept_.front()->forms.size();
    kept_.erase(kept_.begin());
  }
}

// It holds its forms: one whose forms are not kept is not kept either.
void FormCache::keep(std::shared_ptr<const SecretSearch> search) {
  const bool are_kept = std::ranges::all_of(search->secrets(), [&](const SharedForms& forms) {
    return std::ranges::find(kept_, forms) != kept_.end();
  });
  kept_search_ = are_kept ? std::move(search) : nullptr;
}

void FormCache::clear() {
  kept_.clear();
  kept_bytes_ = 0;
  kept_search_ = nullptr;
  forget_unused(forms_in_use_);
  forget_unused(searches_in_use_);
}

}  // namespace keyswap::flow
