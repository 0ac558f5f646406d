// SPDX-License-Identifier: Apache-2.0
//
// A head on its way out, as machines speak of it: what is said, not how a protocol writes it. Only
// a codec (proxy/http/h1) turns it into bytes. Views: whoever makes one keeps what they point into
// until it is written; what was made for it alone it keeps itself.
#pragma once

#include <cstddef>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyswap::http {

struct OutgoingField {
  std::string_view name;
  std::string_view value;
  bool is_secret = false;  // I1: the value lies in locked memory, and is copied by the cipher alone
};

// The fields of a head, in the order in which they are written. Never those of one connection only
// (HopByHop), nor Transfer-Encoding: these are the codec's affair.
class OutgoingFields {
 public:
  OutgoingFields() = default;
  OutgoingFields(const OutgoingFields&) = delete;
  OutgoingFields& operator=(const OutgoingFields&) = delete;
  OutgoingFields(OutgoingFields&&) = default;
  OutgoingFields& operator=(OutgoingFields&&) = default;
  ~OutgoingFields() = default;

  void reserve(std::size_t count) { fields_.reserve(count); }

  void add(OutgoingField field) { fields_.push_back(field); }

  // The same with a value of its own; no secret.
  void add_made(std::string_view name, std::string value) { add({name, keep(std::move(value))}); }

  // Keeps a text for as long as the fields live.
  std::string_view keep(std::string text) { return made_.emplace_front(std::move(text)); }

  [[nodiscard]] auto begin() const { return fields_.begin(); }

  [[nodiscard]] auto end() const { return fields_.end(); }

  [[nodiscard]] std::size_t size() const { return fields_.size(); }

 private:
  std::vector<OutgoingField> fields_;
  std::forward_list<std::string> made_;
};

struct OutgoingRequest {
  std::string_view method;
  std::string_view target;        // origin form, or "*"
  bool is_target_secret = false;  // as OutgoingField::is_secret
  OutgoingFields fields;
  // The body's end is not known beforehand. Value: the number of fields before the place where the
  // client said so.
  std::optional<std::size_t> chunked_at = std::nullopt;
  bool asks_for_websocket = false;

  [[nodiscard]] bool holds_secret() const {
    for (const OutgoingField& field : fields) {
      if (field.is_secret) {
        return true;
      }
    }
    return is_target_secret;
  }
};

struct OutgoingResponse {
  OutgoingResponse(int its_status, std::string_view its_reason)
      : status(its_status), reason(its_reason) {}

  int status;
  std::string_view reason;
  OutgoingFields fields;
  bool has_unknown_length = false;  // of the body: its end is said when it comes
  bool keeps_connection = false;    // as far as the machine is concerned; a codec may be unable to
  bool grants_websocket = false;

  // Does another response to the same request follow?
  [[nodiscard]] bool is_interim() const { return status < 200 && !grants_websocket; }
};

}  // namespace keyswap::http
