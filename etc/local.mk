# Configuration of what runs around the programs: web servers, supervision, schedule.
DATA_TREES += etc
