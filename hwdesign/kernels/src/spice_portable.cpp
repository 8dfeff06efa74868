#define HW_DOUBLES 2
#include "spice_newton_block.hpp"
#include "spice_steps.hpp"
#include "spice_newton_steps.hpp"

StepFunction portable_steps(int lanes) { return steps_of(lanes); }
NewtonSteps portable_newton(int lanes) { return newton_of(lanes); }

}  // namespace hwdesign::spice
