#define HW_DOUBLES 2
#include "spice_steps.hpp"

StepFunction portable_steps(int lanes) { return steps_of(lanes); }

}  // namespace hwdesign::spice
