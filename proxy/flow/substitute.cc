// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/substitute.h"

#include "proxy/base/bounds.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

namespace {

base::Status render(const Credential& credential, vault::LockedBuffer& scratch) {
  KS_TRY(credential.injection.render(credential.input, scratch));
  return check_secret_value(scratch.reveal());
}

}  // namespace

base::Status check_secret_value(std::string_view value) {
  // A secret can never change a message's framing or become a second field.
  if (value.empty() || !http::is_field_value(value)) {
    return base::Error{base::Errc::invalid_input, "the credential cannot stand in a header field"};
  }
  if (value.size() > base::bounds::kRequestFieldBytesMax) {
    return base::Error{base::Errc::limit_exceeded, "the credential is too long for a header field"};
  }
  return {};
}

base::Result<std::string_view> render_credential(const Credential& credential,
                                                 vault::LockedBuffer& scratch) {
  scratch.clear();
  if (const base::Status rendered = render(credential, scratch); !rendered) {
    scratch.clear();
    return rendered.error();
  }
  return scratch.reveal();
}

base::Status check_credential(const Credential& credential, vault::LockedBuffer& scratch) {
  const auto value = render_credential(credential, scratch);
  scratch.clear();
  return value ? base::Status{} : value.error();
}

}  // namespace keyswap::flow
