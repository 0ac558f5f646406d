// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/content_codings.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/decode_filter.h"

namespace keyswap::flow {

namespace {

// RFC 9110 section 8.4 and 8.6.
constexpr std::array<std::string_view, 2> kOfCoding = {"content-encoding", "content-length"};

// RFC 9530, what it replaced, and what some servers have of their own.
constexpr std::array<std::string_view, 7> kDigests = {"content-md5",
                                                      "content-digest",
                                                      "repr-digest",
                                                      "digest",
                                                      "x-goog-hash",
                                                      "x-ms-blob-content-md5",
                                                      "x-ms-content-crc64"};
constexpr std::string_view kDigestPrefix = "x-amz-checksum-";

bool is_one_of(std::span<const std::string_view> names, std::string_view field_name) {
  return std::ranges::any_of(
      names, [&](std::string_view name) { return base::equal_ignoring_case(name, field_name); });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

// False: one of the list is not known.
bool read_list(std::string_view list, std::vector<coding::Coding>& codings) {
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string_view name = trimmed(list.substr(0, comma));
    if (!name.empty() && !base::equal_ignoring_case(name, "identity")) {
      const auto coding = coding::parse_coding(name);
      if (!coding || codings.size() == base::bounds::kContentCodingsMax) {
        return false;
      }
      codings.push_back(*coding);
    }
    if (comma == std::string_view::npos) {
      return true;
    }
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<std::vector<coding::Coding>> content_codings(const http::HeaderList& fields) {
  std::vector<coding::Coding> codings;
  for (const http::Field& field : fields) {
    if (base::equal_ignoring_case(field.name, "content-encoding") &&
        !read_list(field.value, codings)) {
      return std::nullopt;
    }
  }
  return codings;
}

base::Status add_decoders(const std::vector<coding::Coding>& codings, FilterChain& chain) {
  // What was applied last is undone first.
  for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
    auto decoder = coding::make_decoder(*coding);
    if (decoder == nullptr) {
      return base::Error{base::Errc::unavailable, "no memory to decode in"};
    }
    chain.add(std::make_unique<DecodeFilter>(std::move(decoder)));
  }
  return {};
}

bool is_of_coded_body(std::string_view field_name) {
  return is_one_of(kOfCoding, field_name) || is_digest(field_name);
}

bool is_digest(std::string_view field_name) {
  return is_one_of(kDigests, field_name) ||
         base::equal_ignoring_case(field_name.substr(0, kDigestPrefix.size()), kDigestPrefix);
}

}  // namespace keyswap::flow
