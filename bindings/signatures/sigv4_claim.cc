// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4_claim.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/signatures/sigv4_canonical.h"
#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings::sigv4 {

namespace {

namespace grammar = http::grammar;

constexpr std::int64_t kExpiresMax = 604'800;  // a week: the S3 API reference, X-Amz-Expires

base::Error is_malformed() {
  return {base::Errc::invalid_input, "no well-made signature of AWS's version 4"};
}

base::Error is_foreign() {
  return {base::Errc::unsupported, "a signature of an algorithm that is not known here"};
}

bool is_digits(std::string_view text) {
  return !text.empty() && grammar::all_are(text, grammar::kDigit);
}

// A number of two or four digits.
int number_of(std::string_view digits) {
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// Since 1970; nothing if it is not "20130524T000000Z", or no time.
std::optional<std::int64_t> read_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z' || !is_digits(text.substr(0, 8)) ||
      !is_digits(text.substr(9, 6))) {
    return std::nullopt;
  }
  const std::chrono::year_month_day day{
      std::chrono::year(number_of(text.substr(0, 4))),
      std::chrono::month(static_cast<unsigned>(number_of(text.substr(4, 2)))),
      std::chrono::day(static_cast<unsigned>(number_of(text.substr(6, 2))))};
  const int hour = number_of(text.substr(9, 2));
  const int minute = number_of(text.substr(11, 2));
  const int second = number_of(text.substr(13, 2));
  if (!day.ok() || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  const auto days = std::chrono::sys_days(day).time_since_epoch();
  return std::chrono::seconds(days + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                              std::chrono::seconds(second))
      .count();
}

// A part of a credential; it stands in paths and queries as it is.
bool is_part(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return grammar::is(c, grammar::kName) || c == '.' || c == '~';
  });
}

// "ID/20130524/us-east-1/s3/aws4_request", and under version 4A without a region.
bool read_credential(std::string_view text, Claim& claim) {
  std::vector<std::string_view> parts;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = text.find('/');
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const std::size_t regions = claim.algorithm == Algorithm::hmac ? 1 : 0;
  if (parts.size() != 4 + regions || !std::ranges::all_of(parts, is_part) ||
      parts.back() != kTermination) {
    return false;
  }
  claim.key_id = parts[0];
  claim.date = parts[1];
  claim.service = parts[2 + regions];
  if (regions > 0) {
    claim.region = parts[2];
    claim.regions = {claim.region};
  }
  return true;
}

// "us-east-1,us-west-2", or "*"
bool read_region_set(std::string_view text, Claim& claim) {
  while (claim.regions.size() < bounds::kSignedListMax) {
    const std::string_view item = text.substr(0, text.find(','));
    const std::string_view region = grammar::trim(item);
    if (region.empty() || !std::ranges::all_of(region, [](char c) {
          return grammar::is(c, grammar::kName) || c == '*';
        })) {
      return false;
    }
    claim.regions.emplace_back(region);
    if (item.size() == text.size()) {
      return true;
    }
    text.remove_prefix(item.size() + 1);
  }
  return false;
}

// "host;x-amz-date"
bool read_names(std::string_view text, Claim& claim) {
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(';'));
    const bool is_last = name.size() == text.size();
    if (!http::is_token(name) || base::to_lower(name) != name ||
        (!claim.signed_names.empty() && claim.signed_names.back() >= name)) {
      return false;
    }
    claim.signed_names.emplace_back(name);
    text.remove_prefix(is_last ? name.size() : name.size() + 1);
    if (!is_last && text.empty()) {
      return false;
    }
  }
  return !claim.signed_names.empty();
}

bool read_signature(std::string_view text, Claim& claim) {
  claim.signature = text;
  return is_signature(claim.algorithm, text);
}

bool read_date_time(std::string_view text, Claim& claim) {
  const auto at = read_time(text);
  claim.date_time = text;
  claim.signed_at_s = at.value_or(0);
  return at && text.substr(0, 8) == claim.date;
}

// "Credential=…, SignedHeaders=…, Signature=…": each once, and nothing else.
bool read_elements(std::string_view list, Claim& claim) {
  struct Element {
    std::string_view name;
    bool (*read)(std::string_view text, Claim& claim);
    bool is_there = false;
  };

  std::array<Element, 3> known = {Element{"Credential=", read_credential},
                                  Element{"SignedHeaders=", read_names},
                                  Element{"Signature=", read_signature}};
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view text = grammar::trim(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    auto* const found =
        std::ranges::find_if(known, [&](const Element& one) { return text.starts_with(one.name); });
    if (found == known.end() || found->is_there ||
        !found->read(text.substr(found->name.size()), claim)) {
      return false;
    }
    found->is_there = true;
  }
  return std::ranges::all_of(known, &Element::is_there);
}

// The parameters of a presigned URL, each once: under a name that differs only in case, a server
// might read another one.
class Presigned {
 public:
  explicit Presigned(std::string_view query) {
    while (!query.empty()) {
      const std::string_view pair = query.substr(0, query.find('&'));
      query.remove_prefix(std::min(pair.size() + 1, query.size()));
      const std::size_t equals = std::min(pair.find('='), pair.size());
      const auto name = decoded(pair.substr(0, equals));
      const auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
      if (!name || !value) {
        is_whole_ = false;
      } else if (base::to_lower(*name).starts_with("x-amz-")) {
        all_.emplace_back(std::move(*name), std::move(*value));
      }
    }
  }

  [[nodiscard]] bool is_whole() const { return is_whole_; }

  // Nothing: it is not there, or not once.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
    std::optional<std::string_view> found;
    for (const auto& [known, value] : all_) {
      if (base::equal_ignoring_case(known, name)) {
        if (found || known != name) {
          return std::nullopt;
        }
        found = value;
      }
    }
    return found;
  }

  [[nodiscard]] std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        all_, [&](const auto& one) { return base::equal_ignoring_case(one.first, name); }));
  }

 private:
  bool is_whole_ = true;
  std::vector<std::pair<std::string, std::string>> all_;
};

// Nothing: it is not known here.
std::optional<Algorithm> algorithm_called(std::string_view name) {
  for (const Algorithm algorithm : {Algorithm::hmac, Algorithm::ecdsa}) {
    if (names_of(algorithm).head == name) {
      return algorithm;
    }
  }
  return std::nullopt;
}

// Under version 4A there is one region set, where the signature is, and no second one in the query.
bool read_regions(const http::HeaderList& fields, const Presigned& query, Claim& claim) {
  const auto* const field = fields.find(kRegionSetField);
  return claim.algorithm == Algorithm::hmac ||
         (field != nullptr && fields.count(kRegionSetField) == 1 &&
          query.count(kRegionSetParameter) == 0 && read_region_set(field->value, claim));
}

base::Result<Claim> read_header(const http::HeaderList& fields, const Presigned& query) {
  const auto* const field = fields.find("authorization");
  const auto* const date = fields.find(kDateField);
  if (field == nullptr || fields.count("authorization") != 1) {
    return is_malformed();
  }
  const std::string_view word = field->value.substr(0, field->value.find(' '));
  const auto algorithm = algorithm_called(word);
  if (!algorithm) {
    return word.starts_with("AWS4-") ? is_foreign() : is_malformed();
  }
  Claim claim;
  claim.algorithm = *algorithm;
  const bool is_read = read_elements(field->value.substr(word.size()), claim) && date != nullptr &&
                       fields.count(kDateField) == 1 && read_date_time(date->value, claim) &&
                       read_regions(fields, query, claim);
  return is_read ? base::Result<Claim>(std::move(claim)) : is_malformed();
}

bool read_expires(std::string_view text, Claim& claim) {
  if (!is_digits(text) || text.size() > 6) {
    return false;
  }
  std::from_chars(text.data(), text.data() + text.size(), claim.expires_s);
  return claim.expires_s >= 1 && claim.expires_s <= kExpiresMax;
}

// Likewise, in the query, and no second one in a field.
bool read_presigned_regions(const http::HeaderList& fields, const Presigned& query, Claim& claim) {
  const auto set = query.find(kRegionSetParameter);
  return claim.algorithm == Algorithm::hmac ||
         (set && fields.find(kRegionSetField) == nullptr && read_region_set(*set, claim));
}

base::Result<Claim> read_presigned(const http::HeaderList& fields, const Presigned& query) {
  const std::string_view word = query.find(kAlgorithmParameter).value_or("");
  const auto algorithm = algorithm_called(word);
  if (!algorithm) {
    return word.starts_with("AWS4-") ? is_foreign() : is_malformed();
  }
  const auto credential = query.find(kCredentialParameter);
  const auto date = query.find("X-Amz-Date");
  const auto expires = query.find("X-Amz-Expires");
  const auto names = query.find("X-Amz-SignedHeaders");
  const auto signature = query.find(kSignatureParameter);
  Claim claim;
  claim.algorithm = *algorithm;
  claim.is_presigned = true;
  const bool is_read =
      credential && date && expires && names && signature && query.count(kTokenParameter) <= 1 &&
      (query.find(kTokenParameter) || query.count(kTokenParameter) == 0) &&
      read_credential(*credential, claim) && read_date_time(*date, claim) &&
      read_expires(*expires, claim) && read_names(*names, claim) &&
      read_signature(*signature, claim) && read_presigned_regions(fields, query, claim);
  return is_read ? base::Result<Claim>(std::move(claim)) : is_malformed();
}

}  // namespace

bool Claim::is_s3() const {
  return service == "s3" || service.starts_with("s3-") || service == "s3express";
}

base::Result<Claim> read_claim(const http::HeaderList& fields, std::string_view query) {
  const Presigned parameters(query);
  if (!parameters.is_whole()) {
    return is_malformed();
  }
  const bool is_presigned = parameters.count(kAlgorithmParameter) > 0 ||
                            parameters.count(kCredentialParameter) > 0 ||
                            parameters.count(kSignatureParameter) > 0;
  if (!is_presigned) {
    return read_header(fields, parameters);
  }
  // Which one a server would go by is not said.
  return fields.find("authorization") == nullptr ? read_presigned(fields, parameters)
                                                 : is_malformed();
}

}  // namespace keyswap::bindings::sigv4
