# Without it the survey was cut short.
section end
