// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <numeric>

#include "bindings/bounds.h"
#include "bindings/template.h"

namespace keyswap::bindings {

namespace {

using Step = Template::Step;

constexpr std::size_t kArgumentsMax = 2;

// How many bytes the stack holds at most while the steps run. Lengths of texts and parts are known;
// of a call's result there is a bound.
class Measure {
 public:
  void push(std::size_t size) {
    sizes_.push_back(size);
    held_ += size;
    most_ = std::max(most_, held_);
  }

  void join() {
    const auto last = sizes_.back();
    sizes_.pop_back();
    sizes_.back() += last;
  }

  void call(const TemplateHelper& helper) {
    const auto first = sizes_.end() - static_cast<std::ptrdiff_t>(helper.arguments);
    const auto result = helper.size_max(*first);
    most_ = std::max(most_, held_ + result);  // it stands above the arguments at first
    held_ = std::accumulate(first, sizes_.end(), held_, std::minus<>());
    sizes_.erase(first, sizes_.end());
    push(result);
  }

  [[nodiscard]] std::size_t most() const { return most_; }

 private:
  std::vector<std::size_t> sizes_;
  std::size_t held_ = 0;
  std::size_t most_ = 0;
};

base::Result<std::size_t> measure(std::span<const Step> steps,
                                  std::span<const std::string> texts,
                                  std::span<const std::string_view> values) {
  Measure stack;
  for (const auto& step : steps) {
    switch (step.kind) {
      case Step::Kind::text:
        stack.push(texts[step.index].size());
        break;
      case Step::Kind::part:
        stack.push(values[step.index].size());
        break;
      case Step::Kind::join:
        stack.join();
        break;
      case Step::Kind::call:
        stack.call(*step.helper);
        break;
    }
    if (stack.most() > bounds::kTemplateScratchBytesMax) {
      return base::Error{base::Errc::limit_exceeded, "a template's values are too long"};
    }
  }
  return stack.most();
}

// The stack: its strings lie one behind the other in one locked block, so that joining is no work.
class Stack {
 public:
  explicit Stack(vault::LockedBytes bytes) : bytes_(std::move(bytes)) {}

  void push(std::string_view text) {
    if (!text.empty()) {
      std::memcpy(bytes_.data() + used_, text.data(), text.size());
    }
    begins_.push_back(used_);
    used_ += text.size();
  }

  void join() { begins_.pop_back(); }

  base::Status call(const TemplateHelper& helper, std::int64_t now_s) {
    std::array<std::string_view, kArgumentsMax> arguments;
    KS_ASSERT(helper.arguments >= 1 && helper.arguments <= kArgumentsMax);
    KS_ASSERT(helper.arguments <= begins_.size());
    auto end = used_;
    for (auto i = helper.arguments; i > 0; --i) {
      arguments.at(i - 1) = {bytes_.data() + begins_.back(), end - begins_.back()};
      end = begins_.back();
      begins_.pop_back();
    }
    const auto written =
        helper.apply(std::span(arguments).first(helper.arguments), now_s, bytes_.data() + used_);
    if (!written) {
      return written.error();
    }
    std::memmove(bytes_.data() + end, bytes_.data() + used_, *written);
    begins_.push_back(end);
    used_ = end + *written;
    return {};
  }

  vault::Secret take() && { return vault::Secret::adopt(std::move(bytes_), used_); }

 private:
  vault::LockedBytes bytes_;
  std::vector<std::size_t> begins_;
  std::size_t used_ = 0;
};

base::Status run(const Step& step,
                 std::span<const std::string> texts,
                 std::span<const std::string_view> values,
                 std::int64_t now_s,
                 Stack& stack) {
  switch (step.kind) {
    case Step::Kind::text:
      stack.push(texts[step.index]);
      return {};
    case Step::Kind::part:
      stack.push(values[step.index]);
      return {};
    case Step::Kind::join:
      stack.join();
      return {};
    case Step::Kind::call:
      return stack.call(*step.helper, now_s);
  }
  KS_UNREACHABLE();
}

}  // namespace

bool Template::uses(std::size_t part) const {
  return std::any_of(steps_.begin(), steps_.end(), [&](const Step& step) {
    return step.kind == Step::Kind::part && step.index == part;
  });
}

base::Result<vault::Secret> Template::render(std::span<const std::string_view> values,
                                             std::int64_t now_s) const {
  // A part that is missing must never leave a credential that merely looks whole.
  if (std::any_of(
          values.begin(), values.end(), [](std::string_view value) { return value.empty(); })) {
    return base::Error{base::Errc::invalid_input, "a part of the template is empty"};
  }
  const auto size = measure(steps_, texts_, values);
  if (!size) {
    return size.error();
  }
  auto block = vault::LockedBytes::of_size(std::max<std::size_t>(*size, 1));
  if (!block) {
    return block.error();
  }
  Stack stack(std::move(block).value());
  for (const auto& step : steps_) {
    if (const auto status = run(step, texts_, values, now_s, stack); !status) {
      return status.error();
    }
  }
  return std::move(stack).take();
}

}  // namespace keyswap::bindings
