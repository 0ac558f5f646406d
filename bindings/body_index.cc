// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_index.h"

#include <algorithm>

namespace keyswap::bindings {

void BodyIndex::build(const std::vector<Placeholder>& placeholders) {
  std::vector<std::string> texts;
  forms_.clear();
  for (const auto& placeholder : placeholders) {
    forms_.push_back({placeholder.rule, std::nullopt});
    texts.emplace_back(placeholder.text);
  }
  PlaceholderIndex as_they_are;
  as_they_are.build({texts.begin(), texts.end()});
  for (const auto& placeholder : placeholders) {
    for (const BodyText body : {BodyText::json, BodyText::form, BodyText::xml}) {
      auto form = forms_in_body(body, placeholder.text).back();
      // What is a placeholder as it is, or has one in it, stands for that one.
      if (form != placeholder.text && !as_they_are.find_next(form, 0) &&
          std::ranges::find(texts, form) == texts.end()) {
        forms_.push_back({placeholder.rule, body});
        texts.push_back(std::move(form));
      }
    }
  }
  index_.build({texts.begin(), texts.end()});
  sorted_ = std::move(texts);
  std::ranges::sort(sorted_);
  first_bytes_ = {};
  longest_ = 0;
  for (const std::string& text : sorted_) {
    first_bytes_.at(static_cast<unsigned char>(text.front())) = true;
    longest_ = std::max(longest_, text.size());
  }
}

std::optional<BodyIndex::Hit> BodyIndex::find_next(BodyText body,
                                                   std::string_view text,
                                                   std::size_t from) const {
  for (auto hit = index_.find_next(text, from); hit; hit = index_.find_next(text, hit->at + 1)) {
    const Form& form = forms_[hit->number];
    if (!form.only_in || *form.only_in == body) {
      return Hit{hit->at, hit->size, form.rule};
    }
  }
  return std::nullopt;
}

std::size_t BodyIndex::held_back(std::string_view text) const {
  const std::size_t most = std::min(text.size(), longest_ == 0 ? 0 : longest_ - 1);
  for (std::size_t count = most; count > 0; --count) {
    const std::string_view end = text.substr(text.size() - count);
    if (!first_bytes_[static_cast<unsigned char>(end.front())]) {
      continue;
    }
    const auto next = std::ranges::lower_bound(sorted_, end);
    if (next != sorted_.end() && next->size() > end.size() && next->starts_with(end)) {
      return count;
    }
  }
  return 0;
}

}  // namespace keyswap::bindings
