#include "native/node/handshake_output.h"

namespace close_notify::node {

void HandshakeOutput::step(uint64_t total, bool ends) {
  if (range_.known_from == kUnknown) begin(total);
  if (at_last_step_ != kUnknown && total > at_last_step_) {
    if (at_last_step_ != range_.to) range_ = {range_.to, at_last_step_, total, false};
    range_.to = total;
  }
  at_last_step_ = ends ? kUnknown : total;
  // What comes in another run has no data in front of it.
  if (ends && range_.from == range_.to) range_.may_begin_with_data = false;
}

void HandshakeOutput::resume(uint64_t total) {
  range_ = {range_.to, total, total, true};
  at_last_step_ = total;
}

}  // namespace close_notify::node
